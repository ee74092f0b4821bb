import { cpus, loadavg, totalmem } from 'node:os';
import { resolve } from 'node:path';
import { watchCosts } from './costs.mjs';
import { databaseSize } from './world.mjs';
import { runLoad, runRaw } from './load/processes.mjs';

/** Measures the paths one after the other, each on a fresh server process: HTTP first, then the baseline. */
export async function measure(world, options, { log, signalled }) {
  const paths = {};
  for (const name of options.only) {
    if (signalled() !== 0) break;
    paths[name] = await measureOne(world, name, options, log);
    for (const problem of paths[name].problems) log(`${name}: ${problem}`);
  }
  return { machine: await machineOf(world, options), paths };
}

async function measureOne(world, name, options, log) {
  const path = await import(`./paths/${name}.mjs`);
  log(`${name}: preparing`);
  const prepared = await path.prepare(world, options);
  await world.restartServer(profiling(options, name));
  const connections = path.connectionsOf?.(options) ?? options.connections;
  log(`${name}: ${connections} connections for ${options.seconds} s`);
  const costs = await watchCosts(world);
  const load = await runLoad({
    module: `paths/${name}.mjs`,
    urls: world.urls,
    ca: options.https ? world.installation.ca : null,
    connections,
    seconds: options.seconds,
    data: prepared.load,
  });
  const cost = await costs.stop(load.cpuSeconds);
  const problems = load.failures > 0 ? [`${load.failures} requests failed, the first so: ${load.firstFailure}`] : [];
  problems.push(...(await path.verify(world, prepared, load)));
  log(`${name}: the same rows with bare statements`);
  const raw = await runRaw({
    module: `paths/${name}.mjs`,
    databaseUrl: world.installation.environment.PILOTAGE_DATABASE_URL,
    seconds: options.seconds / 2,
    data: prepared.raw,
  });
  return {
    unit: path.unit,
    perSecond: round(load.perSecond),
    p50Ms: round(load.p50Ms),
    p99Ms: round(load.p99Ms),
    rawPerSecond: round(raw.perSecond),
    ratio: round(load.perSecond / raw.perSecond, 100),
    connections,
    requests: load.requests,
    serverRssMiB: cost.serverRssMiB,
    cpuMsPerUnit: Object.fromEntries(
      Object.entries(cost.cpuSeconds).map(([name, seconds]) => [
        name,
        round((seconds * 1_000) / load.unitsInAll, 1_000),
      ]),
    ),
    statementsPerUnit: round(cost.statements / load.unitsInAll, 1_000),
    unitsPerCommit: round(load.unitsInAll / cost.commits),
    othersCpuPercent: cost.othersCpuPercent,
    problems,
  };
}

/** Options of Node for a server whose CPU profile is wanted. */
export function profiling({ profile }, name) {
  return profile === undefined
    ? []
    : ['--cpu-prof', `--cpu-prof-dir=${resolve(profile)}`, `--cpu-prof-name=${name}.cpuprofile`];
}

/** The machine and the database of a run. */
export async function machineOf(world, options) {
  const [{ version }] = await world.query('SELECT VERSION() AS version');
  const [{ Value: commits }] = await world.query("SHOW VARIABLES LIKE 'innodb_flush_log_at_trx_commit'");
  const model = cpus()[0]?.model.trim() ?? 'unknown';
  return {
    cpus: `${cpus().length} × ${model}`,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    database: `${version}, innodb_flush_log_at_trx_commit=${commits}, buffer pool ${(options.size ?? databaseSize).bufferPool}`,
    https: options.https,
    seconds: options.seconds,
    loadAverage: loadavg().map((value) => round(value)),
  };
}

/** A value to so many parts of one. */
export function round(value, parts = 10) {
  return Math.round(value * parts) / parts;
}
