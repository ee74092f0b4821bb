import { randomBytes } from 'node:crypto';
import type { Agent, AgentContext, Task } from '../../src/agents/agent.js';
import { AgentRuntime, type Workload } from '../../src/agents/agent-runtime.js';
import type { CeCall, ComputingElement, RunState, Submission, SubmitOutcome } from '../../src/ce/index.js';
import { ComputingElementError } from '../../src/ce/index.js';
import { CurrentConfiguration } from '../../src/configuration/index.js';
import { Log, Metrics, openRedis, WakeUps } from '../../src/platform/index.js';
import { applyConfiguration, type Overrides } from '../support/configuration.js';
import { freshDatabase } from '../support/database.js';
import { testRedis } from '../support/redis.js';

export const quietLog = new Log('test', 'error', () => undefined);

/** A database with a configuration, a Redis prefix, and agent runtimes as several processes would have them. */
export async function startAgentsTest(overrides: Overrides = {}) {
  const { database, drop } = await freshDatabase(30);
  await applyConfiguration(database, overrides);
  const { redis, url, prefix, close } = testRedis();
  const subscriber = openRedis(url, quietLog);
  const wakeUps = new WakeUps(redis, subscriber, prefix, quietLog);
  const configuration = new CurrentConfiguration(database, quietLog, wakeUps);
  await configuration.start();
  const runtimes: AgentRuntime[] = [];
  return {
    database,
    redis,
    wakeUps,
    configuration,
    /** One more process; `redisUrl` may name a Redis that is not there. */
    async runtime(workload: Partial<Workload>, more: { redisUrl?: string; pace?: number } = {}): Promise<AgentRuntime> {
      const parts = {
        database,
        configuration,
        wakeUps,
        log: quietLog,
        metrics: new Metrics('test'),
        redisUrl: more.redisUrl ?? url,
        redisPrefix: prefix,
        pace: more.pace ?? 0.1,
      };
      const runtime = new AgentRuntime(parts, { agents: [], tasks: [], wokenBy: [], ...workload });
      runtimes.push(runtime);
      await runtime.start();
      return runtime;
    },
    context(signal = AbortSignal.timeout(20_000)): AgentContext {
      return { signal, log: quietLog, configuration: configuration.get() };
    },
    async close(): Promise<void> {
      await Promise.all(runtimes.map((runtime) => runtime.stop(5)));
      configuration.close();
      await subscriber.quit();
      await close();
      await drop();
    },
  };
}
export type AgentsTest = Awaited<ReturnType<typeof startAgentsTest>>;

/** Waits until `condition` holds; fails with what `tell` says. */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  tell: () => unknown = () => condition.toString(),
  seconds = 15,
): Promise<void> {
  const giveUp = Date.now() + seconds * 1000;
  while (!(await condition())) {
    if (Date.now() > giveUp) throw new Error(`It did not come about: ${JSON.stringify(tell())}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** An agent that notes its runs and whether two ever overlapped. Share one between runtimes. */
export class CountingAgent implements Agent {
  readonly limit = 30;
  runs = 0;
  together = 0;
  most = 0;

  constructor(
    readonly name: string,
    readonly every: number,
    private readonly takes = 20,
  ) {}

  async run(): Promise<Record<string, number>> {
    this.runs += 1;
    this.together += 1;
    this.most = Math.max(this.most, this.together);
    await new Promise((resolve) => setTimeout(resolve, this.takes));
    this.together -= 1;
    return { runs: 1 };
  }
}

/** A task that notes the payloads that it got. */
export class NotingTask implements Task {
  readonly topic = 'check-jobs';
  readonly parallel = 2;

  constructor(private readonly seen: (payload: Record<string, unknown>) => void) {}

  async handle(payload: Record<string, unknown>): Promise<void> {
    this.seen(payload);
  }
}

/** A CE in memory whose failures a test chooses. */
export class FakeCe implements ComputingElement {
  readonly runs = new Map<string, RunState>();
  readonly programs = new Map<string, Submission['runs'][number]['program']>();
  readonly submissions: Submission[] = [];
  failure: ComputingElementError | Error | null = null;
  /** When set, submit takes the runs and then fails, like a reply that is lost. */
  losesReplies: Error | null = null;
  room = Infinity;
  asked = 0;

  async submit(submission: Submission, _call: CeCall): Promise<Map<string, SubmitOutcome>> {
    if (this.failure !== null) throw this.failure;
    this.submissions.push(submission);
    const outcomes = new Map<string, SubmitOutcome>();
    for (const { stamp, program } of submission.runs) {
      if (this.room <= 0) {
        outcomes.set(stamp, { error: new ComputingElementError('capacity', 'full; try later') });
        continue;
      }
      this.room -= 1;
      this.runs.set(`ref-${stamp}`, { status: 'waiting' });
      this.programs.set(stamp, program);
      outcomes.set(stamp, { reference: `ref-${stamp}` });
    }
    if (this.losesReplies !== null) throw this.losesReplies;
    return outcomes;
  }
  async find(stamps: readonly string[]): Promise<Map<string, string>> {
    if (this.failure !== null) throw this.failure;
    return new Map(stamps.filter((stamp) => this.runs.has(`ref-${stamp}`)).map((stamp) => [stamp, `ref-${stamp}`]));
  }
  async states(references: readonly string[]): Promise<Map<string, RunState>> {
    this.asked += 1;
    if (this.failure !== null) throw this.failure;
    return new Map(references.map((reference) => [reference, this.runs.get(reference) ?? { status: 'unknown' }]));
  }
  async stop(references: readonly string[]): Promise<Map<string, 'stopped' | 'gone'>> {
    return new Map(
      references.map((reference) => {
        const live = ['waiting', 'running'].includes(this.runs.get(reference)?.status ?? '');
        if (live) this.runs.set(reference, { status: 'stopped' });
        return [reference, live ? 'stopped' : 'gone'];
      }),
    );
  }
  async capacity(): Promise<{ waiting: number; running: number }> {
    if (this.failure !== null) throw this.failure;
    return { waiting: this.runs.size, running: 0 };
  }
  async output(): Promise<null> {
    return null;
  }
  async log(): Promise<null> {
    return null;
  }
  async check(): Promise<[]> {
    if (this.failure !== null) throw this.failure;
    return [];
  }
  async clean(references: readonly string[]): Promise<void> {
    for (const reference of references) this.runs.delete(reference);
  }
  async close(): Promise<void> {
    this.runs.clear();
  }
}

export function aStamp(): string {
  return randomBytes(16).toString('hex');
}
