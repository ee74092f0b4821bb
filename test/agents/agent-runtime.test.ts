import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { send } from '../../src/platform/index.js';
import { type AgentsTest, CountingAgent, eventually, NotingTask, startAgentsTest } from './support.js';

describe('The agents of an installation', () => {
  let test: AgentsTest;
  beforeAll(async () => {
    test = await startAgentsTest();
  });
  afterAll(() => test.close());

  const outboxSize = async (): Promise<number> =>
    Number((await test.database.query<{ n: number }>('SELECT COUNT(*) AS n FROM outbox'))[0]?.n);

  it('run in their periods, one run at a time, however many processes there are', async () => {
    const agent = new CountingAgent('shared', 2, 60);
    const runtimes = await Promise.all([1, 2, 3].map(() => test.runtime({ agents: [agent] })));
    await eventually(() => agent.runs >= 6);
    await Promise.all(runtimes.map((runtime) => runtime.stop(5)));
    expect(agent.most).toBe(1);
    const [row] = await test.database.query<{ last_error: string | null; last_seconds: number }>(
      "SELECT last_error, last_seconds FROM agent_runs WHERE agent = 'shared'",
    );
    expect(row?.last_error).toBeNull();
    expect(row?.last_seconds).toBeGreaterThan(0.05);
  });

  it('share the messages of the outbox, and every message is handled and then gone', async () => {
    const seen: unknown[][] = [[], []];
    const runtimes = await Promise.all(
      seen.map((list) => test.runtime({ tasks: [new NotingTask(({ n }) => list.push(n))] })),
    );
    for (let n = 0; n < 40; n += 1) {
      await test.database.transaction((tx) => send(tx, [{ topic: 'check-jobs', payload: { n } }]));
      test.wakeUps.wake('outbox', ['check-jobs']);
    }
    await eventually(async () => (await outboxSize()) === 0);
    await Promise.all(runtimes.map((runtime) => runtime.stop(5)));
    expect(new Set(seen.flat())).toEqual(new Set(Array.from({ length: 40 }, (_, n) => n)));
  });

  it('hand a message on within a second of its commit when they are woken', async () => {
    const seen: unknown[] = [];
    const runtime = await test.runtime({ tasks: [new NotingTask(({ n }) => seen.push(n))] }, { pace: 60 });
    await test.database.transaction((tx) => send(tx, [{ topic: 'check-jobs', payload: { n: 'now' } }]));
    test.wakeUps.wake('outbox', ['check-jobs']);
    await eventually(() => seen.includes('now'), undefined, 1);
    await runtime.stop(5);
  });

  it('keep a message until its task succeeds', async () => {
    let tries = 0;
    const flaky = new NotingTask(() => {
      tries += 1;
      if (tries < 3) throw new Error('not yet');
    });
    const runtime = await test.runtime({ tasks: [flaky] });
    await test.database.transaction((tx) => send(tx, [{ topic: 'check-jobs', payload: {} }]));
    await eventually(async () => (await outboxSize()) === 0);
    expect(tries).toBe(3);
    await runtime.stop(5);
  });

  it('run at once for a message that wakes them, and once for many', async () => {
    const agent = new CountingAgent('woken', 10_000, 100);
    const runtime = await test.runtime({ agents: [agent], wokenBy: [{ topic: 'demand', agent: 'woken' }] });
    await eventually(() => agent.runs === 1);
    const before = agent.runs;
    const messages = Array.from({ length: 50 }, () => ({ topic: 'demand' as const, payload: { task_queues: [1] } }));
    await test.database.transaction((tx) => send(tx, messages));
    test.wakeUps.wake('outbox', ['demand']);
    await eventually(async () => (await outboxSize()) === 0);
    await runtime.stop(5);
    expect(agent.runs - before).toBeGreaterThanOrEqual(1);
    expect(agent.runs - before).toBeLessThanOrEqual(5);
  });

  it('find their schedules and messages again after FLUSHALL', async () => {
    const agent = new CountingAgent('flushed', 1, 5);
    const seen = new Set<unknown>();
    const slow = new NotingTask(({ n }) => void seen.add(n));
    const runtimes = [
      await test.runtime({ agents: [agent], tasks: [slow] }),
      await test.runtime({ agents: [agent], tasks: [slow] }),
    ];
    await eventually(async () => (await runtimes[0]?.scheduled())?.includes('flushed') === true);
    for (let n = 0; n < 30; n += 1) {
      await test.database.transaction((tx) => send(tx, [{ topic: 'check-jobs', payload: { n } }]));
      test.wakeUps.wake('outbox', ['check-jobs']);
      // Only this test's keys: other tests use the same server.
      if (n % 10 === 5) await forgetAll();
    }
    await forgetAll();
    const before = agent.runs;
    await eventually(async () => (await runtimes[0]?.scheduled())?.includes('flushed') === true);
    await eventually(() => agent.runs > before + 2);
    await eventually(async () => (await outboxSize()) === 0, undefined, 60);
    expect(seen.size).toBe(30);
    await Promise.all(runtimes.map((runtime) => runtime.stop(5)));
  }, 90_000);

  it('lose no message that waits in Redis when Redis forgets it', async () => {
    const seen = new Set<unknown>();
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const stuck = {
      topic: 'check-jobs' as const,
      parallel: 1,
      handle: async ({ n }: Record<string, unknown>) => {
        await gate;
        seen.add(n);
      },
    };
    const runtime = await test.runtime({ tasks: [stuck] });
    const messages = [1, 2, 3, 4].map((n) => ({ topic: 'check-jobs' as const, payload: { n } }));
    await test.database.transaction((tx) => send(tx, messages));
    await eventually(async () => (await test.redis.keys('*message-*')).length > 0);
    await forgetAll();
    open();
    await eventually(async () => (await outboxSize()) === 0, undefined, 30);
    expect(seen).toEqual(new Set([1, 2, 3, 4]));
    await runtime.stop(5);
  }, 60_000);

  it('go on in their periods, and do their tasks, while Redis is away', async () => {
    const agent = new CountingAgent('alone', 2, 5);
    const seen: unknown[] = [];
    const runtime = await test.runtime(
      { agents: [agent], tasks: [new NotingTask(({ n }) => seen.push(n))] },
      { redisUrl: 'redis://127.0.0.1:1' },
    );
    await test.database.transaction((tx) => send(tx, [{ topic: 'check-jobs', payload: { n: 7 } }]));
    await eventually(() => agent.runs >= 3 && seen.includes(7));
    await eventually(async () => (await outboxSize()) === 0);
    await runtime.stop(2);
  });

  it('note a run that failed, and run again', async () => {
    let tries = 0;
    const failing = {
      name: 'failing',
      every: 2,
      limit: 5,
      run: async () => {
        tries += 1;
        if (tries === 1) throw new Error('the first time it fails');
        return {};
      },
    };
    const runtime = await test.runtime({ agents: [failing] });
    const row = async () =>
      (
        await test.database.query<{ last_error: string | null; failures: number }>(
          "SELECT last_error, failures FROM agent_runs WHERE agent = 'failing'",
        )
      )[0];
    await eventually(async () => tries >= 2 && (await row())?.failures === 0);
    expect((await row())?.last_error).toBeNull();
    await runtime.stop(5);
  });

  it('are told to stop when a run takes longer than its limit', async () => {
    let reason: unknown;
    const endless = {
      name: 'endless',
      every: 1_000,
      limit: 0.2,
      run: ({ signal }: { signal: AbortSignal }) =>
        new Promise<never>((_, reject) =>
          signal.addEventListener('abort', () => {
            reason = signal.reason;
            reject(signal.reason as Error);
          }),
        ),
    };
    const runtime = await test.runtime({ agents: [endless] });
    await eventually(() => reason !== undefined);
    expect((reason as Error).name).toBe('TimeoutError');
    await runtime.stop(5);
  });

  it('finish the run in progress when they are stopped, and begin no other', async () => {
    const agent = new CountingAgent('stopped', 1, 400);
    const runtime = await test.runtime({ agents: [agent] });
    await eventually(() => agent.together === 1);
    await runtime.stop(5);
    expect(agent.together).toBe(0);
    const { runs } = agent;
    await runtime.runNow('stopped');
    expect(agent.runs).toBe(runs);
  });

  async function forgetAll(): Promise<void> {
    const keys = await test.redis.keys('*agents*');
    const own = keys.filter((key) => key.includes(`-test-${process.pid}-`));
    if (own.length > 0) await test.redis.del(own);
  }
});
