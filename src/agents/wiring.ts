import { ceCallRecorder } from '../ce/index.js';
import { CurrentConfiguration } from '../configuration/index.js';
import {
  Database,
  deriveKey,
  type Log,
  Metrics,
  openRedis,
  KeptPilotFiles,
  PilotFiles,
  type PlatformConfig,
  WakeUps,
} from '../platform/index.js';
import { ConfiguredStorageElements } from '../storage/index.js';
import {
  AttemptEnds,
  BlackHoleWatch,
  CheckJobs,
  Demand,
  JobCounts,
  Jobs,
  Leases,
  LimitUpkeep,
  PilotEnds,
  PilotLogs,
  Pilots,
  ResourceStatuses,
  Sandboxes,
  ShareUse,
  SiteHolds,
  StorageGate,
} from '../wms/index.js';
import type { AgentSummary } from './agent.js';
import { lockOf } from './agent-runner.js';
import { AgentRuntime, UnknownAgent, type Workload } from './agent-runtime.js';
import { BlackHoles } from './black-holes/black-holes.agent.js';
import { ComputingElements } from './computing-elements.js';
import { JobCountsFolder } from './job-counts/job-counts.agent.js';
import { Housekeeping } from './housekeeping/housekeeping.agent.js';
import type { StepName } from './housekeeping/retention-steps.js';
import { CheckJobsTask, OverdueChecks } from './job-checks/job-checks.agent.js';
import { LeaseSweeper } from './lease-sweeper/lease-sweeper.agent.js';
import { LimitKeeper } from './running-limits/running-limits.agent.js';
import { LogSealer, SealLog } from './log-sealer/log-sealer.agent.js';
import { PilotMonitor } from './pilot-monitor/pilot-monitor.agent.js';
import { StopPilots } from './pilot-monitor/stop-pilots.js';
import { pilotRenderer } from './site-director/pilot-program.js';
import { SiteHoldsAgent } from './site-holds/site-holds.agent.js';
import { SiteDirector } from './site-director/site-director.agent.js';

/** The agents of a process, wired and ready to start. */
export interface AgentsProcess {
  runtime: AgentRuntime;
  /** Closes what the agents stand on; stop the runtime first. */
  close(): Promise<void>;
}

/** Opens database, Redis, configuration and storage, and makes all agents, or those of `only`. */
export async function openAgents(
  config: PlatformConfig,
  { log, metrics, only }: { log: Log; metrics: Metrics; only?: readonly string[] },
): Promise<AgentsProcess> {
  const foundations = await openFoundations(config, log, metrics);
  const { database, wakeUps, configuration } = foundations;
  // What pilots will ask for is there before the first of them is started.
  await new KeptPilotFiles(database).keep(new PilotFiles().bundle);
  const workload = chosen(workloadOf(foundations), only);
  const runtime = new AgentRuntime(
    {
      database,
      configuration,
      wakeUps,
      log,
      metrics,
      redisUrl: config.redisUrl,
      redisPrefix: config.redisPrefix,
      pace: config.agentPace,
    },
    workload,
  );
  return { runtime, close: foundations.close };
}

/** Housekeeping alone, for who does it by hand. */
export interface HousekeepingProcess {
  /**
   * Runs some of its steps; answers what they did, or null when another process is at it. Throws when a step failed, or
   * the reason of the signal.
   */
  run(
    steps: readonly StepName[],
    how: { signal: AbortSignal; onProgress: (text: string) => void },
  ): Promise<AgentSummary | null>;
  close(): Promise<void>;
}

/** Opens what housekeeping needs. */
export async function openHousekeeping(config: PlatformConfig, log: Log): Promise<HousekeepingProcess> {
  const foundations = await openFoundations(config, log, new Metrics('admin'));
  const { database, configuration } = foundations;
  const housekeeping = housekeepingOf(foundations);
  return {
    run(steps, how) {
      const context = { ...how, log, configuration: configuration.get() };
      return database.withLock(lockOf(housekeeping), 10, () => housekeeping.runSteps(steps, context));
    },
    close: foundations.close,
  };
}

interface Foundations {
  config: PlatformConfig;
  database: Database;
  wakeUps: WakeUps;
  configuration: CurrentConfiguration;
  statuses: ResourceStatuses;
  gate: StorageGate;
  storage: ConfiguredStorageElements;
  elements: ComputingElements;
  metrics: Metrics;
  close(): Promise<void>;
}

async function openFoundations(config: PlatformConfig, log: Log, metrics: Metrics): Promise<Foundations> {
  const database = await Database.open(config.databaseUrl);
  await database.migrate();
  const publisher = openRedis(config.redisUrl, log);
  const subscriber = openRedis(config.redisUrl, log);
  const wakeUps = new WakeUps(publisher, subscriber, config.redisPrefix, log);
  const configuration = new CurrentConfiguration(database, log, wakeUps);
  await configuration.start();
  const statuses = new ResourceStatuses(database, wakeUps, log);
  await statuses.start();
  const storage = new ConfiguredStorageElements(
    () => ({ version: configuration.get().version, elements: configuration.get().document.storage.elements }),
    { signingKey: deriveKey(config.masterKey, 'object-urls'), publicUrl: config.publicUrl },
    config.s3,
  );
  const gate = new StorageGate(statuses, storage);
  const elements = new ComputingElements({ dataDir: config.dataDir, record: ceCallRecorder(metrics) });
  const close = async (): Promise<void> => {
    configuration.close();
    statuses.close();
    await elements.close();
    await storage.close();
    publisher.disconnect();
    subscriber.disconnect();
    await database.close();
  };
  return { config, database, wakeUps, configuration, statuses, gate, storage, elements, metrics, close };
}

function housekeepingOf({ database, elements, storage, configuration, wakeUps, gate }: Foundations): Housekeeping {
  return new Housekeeping({
    database,
    elements,
    storage,
    pilotLogs: new PilotLogs(database, gate, configuration, wakeUps),
    shareUse: new ShareUse(database, configuration),
    jobCounts: new JobCounts(database),
    gate,
  });
}

function workloadOf(foundations: Foundations): Workload {
  const { config, database, wakeUps, configuration, statuses, gate, storage, elements, metrics } = foundations;
  const jobs = new Jobs(database, wakeUps);
  const attemptEnds = new AttemptEnds(jobs, configuration);
  const ends = new PilotEnds(database, jobs, attemptEnds);
  const sandboxes = new Sandboxes(database, storage, configuration, gate);
  const logs = new PilotLogs(database, gate, configuration, wakeUps);
  const pilots = new Pilots(database, wakeUps);
  const demand = new Demand(database, config);
  const checks = new CheckJobs(database, jobs, sandboxes, statuses);
  const director = new SiteDirector({
    database,
    pilots,
    elements,
    silentSeconds: config.silentSeconds,
    pace: config.agentPace,
    demand: (queues, verdictAt) => demand.byQueue(queues, verdictAt),
    statuses,
    render: pilotRenderer(new PilotFiles(), {
      url: config.publicUrl,
      ca: config.pilotCa,
    }),
  });
  return {
    agents: [
      director,
      new PilotMonitor({ pilots, ends, elements }),
      new LeaseSweeper(
        new Leases(database, jobs, attemptEnds, config),
        pilots,
        config.leaseSeconds + config.leaseMarginSeconds,
      ),
      new LogSealer(logs),
      new OverdueChecks(checks),
      new SiteHoldsAgent(new SiteHolds(database, statuses)),
      new LimitKeeper(new LimitUpkeep(database, wakeUps)),
      new BlackHoles(new BlackHoleWatch(database, statuses, config.silentSeconds), metrics),
      new JobCountsFolder(new JobCounts(database)),
      housekeepingOf(foundations),
    ],
    tasks: [new CheckJobsTask(checks), new SealLog(logs), new StopPilots({ pilots, ends, elements, configuration })],
    wokenBy: [{ topic: 'demand', agent: director.name }],
  };
}

/** The part of a workload that a process was told to take. Who relays messages must be able to do what they ask for. */
function chosen(workload: Workload, only: readonly string[] | undefined): Workload {
  if (only === undefined) return workload;
  const known = ['outbox-relay', ...workload.agents.map(({ name }) => name)];
  const unknown = only.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new UnknownAgent(unknown, known);
  const relays = only.includes('outbox-relay');
  const wanted = new Set(relays ? [...only, ...workload.wokenBy.map(({ agent }) => agent)] : only);
  const agents = workload.agents.filter(({ name }) => wanted.has(name));
  return relays ? { ...workload, agents } : { agents, tasks: [], wokenBy: [] };
}
