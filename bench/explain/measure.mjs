import { watchCosts } from '../costs.mjs';
import { openConnection, requestOf } from '../load/connection.mjs';
import { machineOf, profiling, round } from '../measure.mjs';
import { group } from '../world.mjs';
import { prepareExplain } from './prepare.mjs';

const longestIndex = 300_000;

/** Measures explanations of each kind: the first one, which reads what later ones find in memory, and all others. */
export async function measureExplain(world, workload, options, log) {
  const about = await prepareExplain(world, workload, options, log);
  log('starting the server');
  await world.restartServer(profiling(options, 'explain'));
  const connection = await openConnection(world.url, null);
  const token = world.userToken('odd');
  const ask = async (path) => {
    const began = performance.now();
    const { status, body } = await connection.send(requestOf({ method: 'GET', path, token, body: {} }));
    const ms = performance.now() - began;
    if (status !== 200) throw new Error(`${path}: ${status} ${body.slice(0, 500)}`);
    return { ms, body: JSON.parse(body) };
  };
  const waiting = await untilIndexed(ask, about);
  const results = {};
  for (const [kind, { paths, check }] of Object.entries(kindsOf(about))) {
    log(`${options.calls} explanations: ${kind}`);
    const first = await ask(paths(0));
    check(first.body);
    const times = [];
    const costs = await watchCosts(world);
    for (let at = 1; at <= options.calls; at += 1) {
      const { ms, body } = await ask(paths(at));
      check(body);
      times.push(ms);
    }
    const { cpuSeconds } = await costs.stop(0);
    const cpu = Object.entries(cpuSeconds).map(([name, of]) => [name, round((of * 1_000) / options.calls)]);
    results[kind] = { firstMs: round(first.ms), ...percentiles(times), cpuMs: Object.fromEntries(cpu) };
  }
  connection.close();
  const { jobs, resources, pilots, calls, queues: shape } = options;
  return {
    machine: await machineOf(world, options),
    jobs,
    shape,
    taskQueues: waiting,
    resources,
    pilots,
    calls,
    ...results,
  };
}

/** Paths in turn, far apart, and what each explanation must say. */
function kindsOf({ jobs, misfits, queues, stamps }) {
  const spread = (at, count) => Math.floor((at * 0.618_033_988_75 * count) % count);
  const waits = ({ status, waiting }) => assert(status === 'Waiting' && waiting !== null, 'the job does not wait');
  return {
    job: {
      paths: (at) => `/api/jobs/${jobs.first + spread(at, jobs.count)}/explain`,
      check: (body) => waits(body),
    },
    misfit: {
      paths: (at) => `/api/jobs/${misfits[at % misfits.length]}/explain`,
      check(body) {
        waits(body);
        assert(body.waiting.fit.changes.length > 0, 'there is no suggestion');
      },
    },
    taskQueue: {
      paths: (at) => `/api/task-queues/${queues[spread(at, queues.length)]}/explain`,
      check: ({ waiting_jobs }) => assert(waiting_jobs.jobs > 0, 'the task queue is empty'),
    },
    pilot: {
      paths: (at) => `/api/pilots/${stamps[(2 * at) % stamps.length]}/explain`,
      check: ({ task_queues }) => assert(task_queues.waiting > 0, 'no task queue waits'),
    },
    fullPilot: {
      paths: (at) => `/api/pilots/${stamps[(2 * at + 1) % stamps.length]}/explain`,
      check: ({ task_queues }) => assert(task_queues.nearest !== null, 'there is no nearest task queue'),
    },
  };
}

/** Waits until the server knows all task queues; gives their number. */
async function untilIndexed(ask, { queues, stamps }) {
  const until = performance.now() + longestIndex;
  while (performance.now() < until) {
    const { body } = await ask(`/api/pilots/${stamps[0]}/explain`);
    if (body.task_queues.waiting >= queues.length) return body.task_queues.waiting;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error(`${group.vo}: the index is not whole after ${longestIndex / 1_000} s`);
}

function percentiles(times) {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part) => round(sorted[Math.min(sorted.length - 1, Math.ceil(part * sorted.length) - 1)]);
  return { p50Ms: at(0.5), p95Ms: at(0.95), p99Ms: at(0.99), maxMs: at(1) };
}

function assert(holds, message) {
  if (!holds) throw new Error(message);
}
