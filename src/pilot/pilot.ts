import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { Connection, withRetry } from '../client/index.js';
import { call, type NodeReport, pilots } from '../contract/index.js';
import { benchmarkVersion, hostScore } from './benchmark.js';
import type { PilotConfig } from './config.js';
import { Identity } from './identity.js';
import { chooseIsolation } from './isolation/choose.js';
import { Guard } from './isolation/guard.js';
import { type Farewell, JobAgent } from './job-agent.js';
import type { PilotLog } from './log-shipping.js';
import { probeNode } from './node-probe.js';
import { serverPatienceSeconds } from './reports.js';
import type { Surroundings } from './surroundings.js';
import { TimeLeft } from './time-left.js';

/** Seconds for the last calls of a pilot that was told to stop. */
const hurrySeconds = 15;

/** The life of a pilot: become known, look at the node, run jobs, say good-bye. Gives the reason of its end. */
export async function pilot(config: PilotConfig, log: PilotLog, signal: AbortSignal): Promise<Farewell> {
  const { ca, proxy, server } = config;
  const userAgent = `pilotage-pilot/${config.bundle.slice(0, 12) || 'unbundled'}`;
  const connection = new Connection({
    baseUrl: server,
    userAgent,
    ...(ca === undefined ? {} : { ca }),
    ...(proxy === undefined ? {} : { proxy }),
  });
  log.earlier(wrapperLog(config));
  log.line(`pilot ${config.stamp} of ${server}, node ${process.version}, pid ${process.pid}`);
  const identity = await Identity.obtain(connection, { config, log, signal });
  const closing = new AbortController();
  const background = [identity.keepFresh(closing.signal), log.ship(identity.transport, closing.signal)];
  let farewell: Farewell = { status: 'Failed', reason: 'the pilot broke off' };
  try {
    farewell = await work(config, { connection, identity, log }, signal);
  } catch (error) {
    farewell = { status: 'Failed', reason: error instanceof Error ? error.message : String(error) };
    throw error;
  } finally {
    log.line(`pilot ends: ${farewell.reason}`);
    closing.abort();
    await Promise.all(background);
    await sayGoodbye(identity, farewell, {
      log,
      patienceSeconds: signal.aborted ? hurrySeconds : serverPatienceSeconds,
    });
    connection.close();
  }
  return farewell;
}

interface Company {
  connection: Connection;
  identity: Identity;
  log: PilotLog;
}

async function work(config: PilotConfig, company: Company, signal: AbortSignal): Promise<Farewell> {
  const { connection, identity, log } = company;
  const node = probeNode(config);
  const power = config.benchmark ?? hostScore(node);
  const timeLeft = await TimeLeft.find(config);
  const isolation = chooseIsolation(config, (why) => log.line(why));
  const surroundings = { config, connection, log, node, power, timeLeft, isolation };
  const report = nodeReport(surroundings);
  const patient = withRetry(identity.transport, {
    deadlineSeconds: serverPatienceSeconds,
    longestPauseSeconds: 10,
    signal,
  });
  const { reply } = await call(patient, pilots.report, { body: report }, { signal });
  log.line(`site ${reply.site}, CE ${reply.ce}, queue ${reply.queue}, VO ${reply.vo}`);
  log.line(`node ${JSON.stringify(report)}`);
  const mark = { PILOTAGE_PILOT_MARK: randomUUID() };
  const marker = `PILOTAGE_PILOT_MARK=${mark.PILOTAGE_PILOT_MARK}`;
  const tell = (why: string): void => log.line(why);
  const guard = new Guard({ marker, wrapperPid: process.ppid, directory: config.directory, tell });
  try {
    return await new JobAgent({ ...surroundings, guard, mark }, identity.transport).run(signal);
  } finally {
    guard.close();
  }
}

function nodeReport({ config, node, power, timeLeft, isolation }: Omit<Surroundings, 'guard' | 'mark'>): NodeReport {
  return {
    hostname: node.hostname,
    platform: node.platform,
    architecture: node.architecture,
    processors: node.processors,
    memory: node.memory,
    gpus: node.gpus,
    disk: node.disk,
    cpu_model: node.cpuModel,
    batch_system: node.batchSystem,
    batch_job: node.batchJob,
    cpu_power: power,
    benchmark_version: config.benchmark === undefined ? benchmarkVersion : 'given',
    isolation: isolation.kind,
    bundle: config.bundle,
    wall_left: timeLeft.limited ? Math.floor(timeLeft.wall) : null,
  };
}

/** Ships the rest of the log, then tells the server that all payloads are gone. */
async function sayGoodbye(
  identity: Identity,
  farewell: Farewell,
  { log, patienceSeconds }: { log: PilotLog; patienceSeconds: number },
): Promise<void> {
  await log.flush(identity.transport, Math.min(60, patienceSeconds));
  const patient = withRetry(identity.transport, { deadlineSeconds: patienceSeconds, longestPauseSeconds: 10 });
  try {
    const body = { status: farewell.status, reason: farewell.reason.slice(0, 255) };
    await call(patient, pilots.end, { body }, { timeout: 10_000 });
  } catch (error) {
    // Nobody is left to be told but the CE's own output.
    log.line(`the end was not told: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** What the wrapper script wrote before this program started; the file is not needed any more. */
function wrapperLog(config: PilotConfig): string {
  if (config.wrapperLog === undefined) return '';
  const text = readFileSync(config.wrapperLog, 'utf8');
  rmSync(config.wrapperLog, { force: true });
  return text;
}
