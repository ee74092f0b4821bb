import { watchCosts } from '../costs.mjs';
import { runLoad, runRaw } from '../load/processes.mjs';
import { machineOf, profiling, round } from '../measure.mjs';
import { startWithIndex } from './index-time.mjs';
import { prepareMatching } from './prepare.mjs';
import { shareError } from './share-error.mjs';
import { verifyClaims } from './verify.mjs';

/** Connections of the open loop: more than claims under way, so that none waits for a connection. */
const openConnections = 512;

/** Measures claims of a workload: closed loop, open loop if wanted, what the database says, and the baseline. */
export async function measureMatching(world, workload, options, log) {
  const prepared = await prepareMatching(world, workload, options, log);
  const ca = options.https ? world.installation.ca : null;
  log('starting the servers');
  const start = await startWithIndex(world, profiling(options, 'matching'), prepared.load, ca);
  const order = { module: 'matching/claims.mjs', urls: world.urls, ca, seconds: options.seconds, data: prepared.load };
  log(`${options.claimers} claimers for ${options.seconds} s`);
  const costs = await watchCosts(world);
  const closed = await runLoad({ ...order, connections: options.claimers });
  const cost = await costs.stop(closed.cpuSeconds);
  const runs = [closed];
  if (options.load > 0) runs.push(await openLoop(order, closed, options, log));
  log('looking at what was claimed');
  const claimed = start.claimed.concat(...runs.map(({ summary }) => summary));
  const problems = await verifyClaims(world, prepared, claimed);
  for (const { failures, firstFailure } of runs)
    if (failures > 0) problems.push(`${failures} claims failed, the first so: ${firstFailure}`);
  for (const problem of problems) log(problem);
  const shares = await shareError(world, workload, prepared.queues);
  const pattern = patternOf(closed, cost);
  log(`the same rows with bare statements, ${pattern.jobsPerCommit} jobs a commit`);
  const raw = await runRaw({
    module: 'matching/raw.mjs',
    databaseUrl: world.installation.environment.PILOTAGE_DATABASE_URL,
    seconds: Math.min(10, options.seconds / 2),
    data: { ...prepared.raw, ...pattern },
  });
  return {
    machine: await machineOf(world, options),
    ...inputOf(workload, options),
    claimsPerSecond: round(closed.requestsPerSecond),
    jobsPerSecond: round(closed.perSecond),
    ...latenciesOf(closed),
    emptyClaims: closed.empty,
    open: options.load > 0 ? openResult(runs[1], options) : null,
    shareError: shares,
    memoryMiB: { ...cost.rssMiB, generator: closed.rssMiB },
    rawJobsPerSecond: round(raw.perSecond),
    rawPattern: pattern,
    ratio: round(closed.perSecond / raw.perSecond, 100),
    indexSeconds: { ready: round(start.seconds.ready, 100), firstJob: round(start.seconds.firstJob, 100) },
    loadSeconds: round(prepared.loadSeconds),
    ...perJob(closed, cost),
    othersCpuPercent: cost.othersCpuPercent,
    problems,
  };
}

function openLoop(order, closed, { load }, log) {
  const rate = (closed.requestsPerSecond * load) / 100;
  log(`${round(rate)} claims a second at random times`);
  return runLoad({ ...order, connections: openConnections, rate });
}

function openResult(run, { load }) {
  const { requestsPerSecond, perSecond, largestBacklog } = run;
  return {
    percent: load,
    claimsPerSecond: round(requestsPerSecond),
    jobsPerSecond: round(perSecond),
    ...latenciesOf(run),
    emptyClaims: run.empty,
    largestBacklog,
  };
}

function latenciesOf({ p50Ms, p95Ms, p99Ms }) {
  return { p50Ms: round(p50Ms), p95Ms: round(p95Ms), p99Ms: round(p99Ms) };
}

function patternOf({ unitsInAll, perSecond, requestsPerSecond }, { commits }) {
  const jobsPerCommit = Math.max(1, Math.round(unitsInAll / commits));
  return {
    jobsPerCommit,
    claimsPerCommit: Math.max(1, Math.round((jobsPerCommit * requestsPerSecond) / perSecond)),
  };
}

function perJob({ unitsInAll }, { cpuSeconds, statements }) {
  const cpu = Object.entries(cpuSeconds).map(([name, of]) => [name, round((of * 1_000) / unitsInAll, 1_000)]);
  return { cpuMsPerJob: Object.fromEntries(cpu), statementsPerJob: round(statements / unitsInAll, 1_000) };
}

function inputOf({ queues }, { jobs, queues: shape, claimers, batch, servers, seconds }) {
  return { jobs, shape, taskQueues: queues.length, claimers, batch, servers, seconds };
}
