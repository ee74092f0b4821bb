import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../scripts/services/ports.mjs';
import { openConnection, requestOf } from '../load/connection.mjs';
import { machineOf } from '../measure.mjs';
import { aDescription, insertPilots } from '../rows.mjs';
import { Crowd } from './crowd.mjs';
import { between, memoryOf, readUsage } from './watch.mjs';

const users = 20;

/** The whole run; `problems` tells what should not be. */
export async function measureWaiting(world, options, log) {
  const ca = options.https ? world.installation.ca : null;
  const metrics = await showMetrics(world, options);
  const { servers } = world.installation;
  const urls = servers.map(({ environment }) => `${new URL(world.url).protocol}//localhost:${environment.PILOTAGE_LISTEN.split(':')[1]}`); // prettier-ignore
  const submit = await submitterOf(world, urls[0], ca);
  log(`${options.pilots} pilots`);
  const stamps = await insertPilots(world, 'w1', options.pilots);
  const groups = urls.map((url, at) => ({
    url,
    tokens: stamps.filter((_, index) => index % urls.length === at).map((stamp) => world.pilotToken(stamp)),
  }));
  await delay(2_000);
  const alone = servers.map(({ pid }) => memoryOf(pid));
  const crowd = new Crowd(groups, { ca, poll: options.poll });
  try {
    await crowd.opened(options.pilots, 300);
    await allWait(world, options.pilots);
    log(`all wait; nothing happens for ${options.idle} s`);
    const idle = await measureIdle(world, metrics, options.idle);
    const together = servers.map(({ pid }) => memoryOf(pid));
    log(`${options.jobs} jobs, ${options.rate} per second`);
    const dispatch = await measureDispatch({ world, metrics, crowd, submit }, options);
    log(`${options.burst} jobs at once`);
    const burst = await measureBurst({ world, metrics, crowd, submit }, options);
    const perServer = options.pilots / servers.length;
    return {
      machine: await machineOf(world, options),
      pilots: options.pilots,
      servers: servers.length,
      poll: options.poll,
      idle,
      memory: {
        serverAloneMiB: alone.map((value) => round(value)),
        serverWithPilotsMiB: together.map((value) => round(value)),
        perPilotKiB: together.map((value, at) => round(((value - alone[at]) * 1_024) / perServer)),
      },
      dispatch,
      burst,
      problems: crowd.problems,
    };
  } finally {
    await crowd.stop();
  }
}

/** Lets the servers tell their numbers; gives where. */
async function showMetrics(world, { profile }) {
  const urls = [];
  for (const server of world.installation.servers) {
    const port = await freePort();
    server.environment = { ...server.environment, PILOTAGE_METRICS_LISTEN: `127.0.0.1:${port}` };
    urls.push(`http://127.0.0.1:${port}`);
    await server.stop();
    if (profile !== undefined) server.args = ['--cpu-prof', `--cpu-prof-dir=${profile}`, ...server.args];
    await server.start();
  }
  return urls;
}

/** Submits jobs of one of twenty users in one call: ids, and when the call was sent and answered (ms since 1970). */
async function submitterOf(world, url, ca) {
  const connection = await openConnection(url, ca);
  const tokens = Array.from({ length: users }, (_, at) => world.userToken(`waiting${at}`));
  let turn = 0;
  return async (count) => {
    const token = tokens[turn++ % users];
    const jobs = Array.from({ length: count }, (_, at) => aDescription({ arguments: `--seed ${turn} ${at}` }));
    const sent = now();
    const request = requestOf({ method: 'POST', path: '/api/jobs', token, key: randomUUID(), body: { jobs } });
    const { status, body } = await connection.send(request);
    if (status !== 201) throw new Error(`submission: ${status} ${body.slice(0, 500)}`);
    return { sent, answered: now(), ids: JSON.parse(body).jobs.map(({ JobID }) => JobID) };
  };
}

async function allWait(world, pilots) {
  while ((await world.number('SELECT COUNT(*) FROM pilots WHERE last_contact IS NOT NULL')) < pilots) await delay(500);
  await delay(1_000);
}

async function measureIdle(world, metrics, seconds) {
  const before = await readUsage(world, metrics);
  await delay(seconds * 1_000);
  const used = between(before, await readUsage(world, metrics));
  const perMinute = (value) => round((value * 60_000) / used.at);
  return {
    cpuSecondsPerMinute: {
      servers: perMinute(used.servers),
      database: perMinute(used.database),
      redis: perMinute(used.redis),
    },
    statementsPerSecond: round((used.statements * 1_000) / used.at),
    commitsPerSecond: round((used.commits * 1_000) / used.at),
    claimRequestsPerSecond: round((used.requests * 1_000) / used.at),
  };
}

async function measureDispatch({ world, metrics, crowd, submit }, { jobs, rate }) {
  const before = await readUsage(world, metrics);
  const begun = performance.now();
  const calls = [];
  for (let number = 0; number < jobs; number += 1) {
    await delay(Math.max(0, begun + (number * 1_000) / rate - performance.now()));
    calls.push(await submit(1));
  }
  await crowd.arrived(calls.flatMap(({ ids }) => ids), 60); // prettier-ignore
  const used = between(before, await readUsage(world, metrics));
  return {
    jobs,
    jobsPerSecond: rate,
    fromReplyMs: quantiles(latencies(calls, crowd, 'answered')),
    fromRequestMs: quantiles(latencies(calls, crowd, 'sent')),
    calledClaimsPerJob: round(used.called / jobs, 100),
    statementsPerJob: round(used.statements / jobs),
  };
}

async function measureBurst({ world, metrics, crowd, submit }, { burst }) {
  const before = await readUsage(world, metrics);
  const call = await submit(burst);
  await crowd.arrived(call.ids, 120);
  const used = between(before, await readUsage(world, metrics));
  return {
    jobs: burst,
    submissionMs: round(call.answered - call.sent),
    fromReplyMs: quantiles(latencies([call], crowd, 'answered')),
    calledClaimsPerJob: round(used.called / burst, 100),
  };
}

/** A job may arrive before the submission is answered: that is no time at all. */
function latencies(calls, { arrivals }, from) {
  return calls.flatMap((call) =>
    call.ids.flatMap((id) => (arrivals.has(id) ? [Math.max(0, arrivals.get(id) - call[from])] : [])),
  );
}

function quantiles(values) {
  values.sort((a, b) => a - b);
  const at = (part) => round(values[Math.min(values.length - 1, Math.floor(values.length * part))] ?? 0);
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), most: at(1) };
}

function now() {
  return performance.timeOrigin + performance.now();
}

function round(value, parts = 10) {
  return Math.round(value * parts) / parts;
}
