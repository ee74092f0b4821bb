import { createHash, randomBytes } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { followLog, type LogEvent } from '../../src/wms/pilot-logs/follow-log.js';
import { PilotLogs } from '../../src/wms/pilot-logs/pilot-logs.js';
import { type Stages, startStages } from '../support/stages.js';

describe('pilot logs', () => {
  let stages: Stages;
  let logs: PilotLogs;
  let stamp: string;

  beforeAll(async () => {
    stages = await startStages({ storage: { pilot_logs: 'SandboxSE' }, pilots: { max_log_bytes: 1_000 } });
    logs = new PilotLogs(stages.database, stages.gate, stages.configuration, stages.wakeUps);
  });
  afterAll(() => stages.close());
  beforeEach(async () => {
    stamp = randomBytes(16).toString('hex');
    await stages.database.execute("INSERT INTO pilots (stamp, vo, status) VALUES (?, 'lhcb', 'Running')", [stamp]);
  });

  const end = (status: string): Promise<unknown> =>
    stages.database.execute('UPDATE pilots SET status = ? WHERE stamp = ?', [status, stamp]);
  const read = async (from = 0): Promise<string> => text(await logs.read('lhcb', stamp, from));

  it('are the chunks in order, from any byte on, before and after they are sealed', async () => {
    await logs.append(stamp, 0, 'grüße\n');
    await logs.append(stamp, 1, 'second\n');
    expect(await read()).toBe('grüße\nsecond\n');
    expect(await read(8)).toBe('second\n');
    await end('Done');
    expect(await logs.seal(stamp, 'pilot')).toBe(true);
    expect(await read()).toBe('grüße\nsecond\n');
    expect(await read(8)).toBe('second\n');
  });

  it('are removed with their pilots, and pilots of foreign names, which have none, do not stand in the way', async () => {
    await logs.append(stamp, 0, 'x');
    await logs.remove([
      { vo: 'lhcb', stamp: 'a b/../%' },
      { vo: 'lhcb', stamp },
    ]);
    expect(await stages.database.query('SELECT number FROM pilot_log_chunks WHERE stamp = ?', [stamp])).toEqual([]);
  });

  it('take a chunk once, however often and at whatever time it is repeated', async () => {
    await Promise.all([logs.append(stamp, 0, 'once\n'), logs.append(stamp, 0, 'once\n')]);
    await logs.append(stamp, 0, 'once\n');
    expect(await read()).toBe('once\n');
    const [row] = await stages.database.query('SELECT log_bytes FROM pilots WHERE stamp = ?', [stamp]);
    expect(row).toEqual({ log_bytes: 5 });
  });

  it('refuse a gap, so that a lost chunk is sent again', async () => {
    await expect(logs.append(stamp, 1, 'x')).rejects.toMatchObject({ code: 'log-chunk-gap' });
    await logs.append(stamp, 0, 'x');
    await expect(logs.append(stamp, 2, 'x')).rejects.toMatchObject({ code: 'log-chunk-gap' });
  });

  it('have a limit', async () => {
    await logs.append(stamp, 0, 'x'.repeat(900));
    await expect(logs.append(stamp, 1, 'x'.repeat(101))).rejects.toMatchObject({ code: 'log-too-large' });
    await logs.append(stamp, 1, 'x'.repeat(100));
    await expect(logs.append(stamp, 2, 'x')).rejects.toMatchObject({ code: 'log-too-large' });
    await logs.append(stamp, 2, 'the last words', true);
    await expect(logs.append(stamp, 3, 'x'.repeat(65_530), true)).rejects.toMatchObject({ code: 'log-too-large' });
    expect((await read()).endsWith('the last words')).toBe(true);
  });

  it('are closed when the pilot has ended, also when it did not say so', async () => {
    await logs.append(stamp, 0, 'last words');
    expect(await logs.seal(stamp, 'vanished')).toBe(false);
    await end('Aborted');
    expect(await logs.unsealed(10_000)).toContain(stamp);
    await expect(logs.append(stamp, 1, 'late')).rejects.toMatchObject({ code: 'pilot-ended' });
    expect(await logs.seal(stamp, 'vanished')).toBe(true);
    expect(await logs.unsealed(10_000)).not.toContain(stamp);
    const manifest = await logs.manifest('lhcb', stamp);
    expect(manifest).toMatchObject({ stamp, bytes: 10, sealed_because: 'vanished' });
    expect(manifest.sha256).toBe(createHash('sha256').update('last words').digest('hex'));
    expect(manifest.chunks.map(({ number }) => number)).toEqual([0]);
  });

  it('are sealed again after a crash between the sealed object and its mark', async () => {
    await logs.append(stamp, 0, 'a');
    await logs.append(stamp, 1, 'b');
    await end('Failed');
    // The crash: the object is there, the row still says open.
    await stages.sandboxElement.put(`pilot-logs/lhcb/${stamp}/log.txt`, Buffer.from('half'));
    expect(await logs.seal(stamp, 'vanished')).toBe(true);
    expect(await logs.seal(stamp, 'vanished')).toBe(false);
    expect(await read()).toBe('ab');
    expect(await stages.sandboxElement.head(`pilot-logs/lhcb/${stamp}/chunks/00000000`)).toBeNull();
  });

  it('look unknown to other VOs', async () => {
    await logs.append(stamp, 0, 'secret');
    await expect(logs.read('biomed', stamp, 0)).rejects.toMatchObject({ code: 'pilot-not-found' });
    await expect(logs.manifest('biomed', stamp)).rejects.toMatchObject({ code: 'pilot-not-found' });
  });

  it('can be followed: chunks as they come, then the end', async () => {
    await logs.append(stamp, 0, 'one');
    const events: LogEvent[] = [];
    const following = (async () => {
      for await (const event of followLog(
        logs,
        stages.wakeUps,
        { vo: 'lhcb', stamp, first: 0 },
        new AbortController().signal,
      )) {
        events.push(event);
        if (events.length === 1) await logs.append(stamp, 1, 'two');
        if (events.length === 2) {
          await end('Done');
          await logs.seal(stamp, 'pilot');
        }
      }
    })();
    await following;
    expect(events).toEqual([
      { kind: 'chunk', number: 0, text: 'one' },
      { kind: 'chunk', number: 1, text: 'two' },
      { kind: 'sealed' },
    ]);
  });

  it('can be followed from the middle, after they are sealed', async () => {
    for (const [number, word] of ['one', 'two', 'three'].entries()) await logs.append(stamp, number, word);
    await end('Done');
    await logs.seal(stamp, 'pilot');
    const events: LogEvent[] = [];
    for await (const event of followLog(
      logs,
      stages.wakeUps,
      { vo: 'lhcb', stamp, first: 2 },
      new AbortController().signal,
    ))
      events.push(event);
    expect(events).toEqual([{ kind: 'chunk', number: 2, text: 'three' }, { kind: 'sealed' }]);
  });

  it('leave nothing behind when they are removed', async () => {
    await logs.append(stamp, 0, 'x');
    await logs.remove([{ vo: 'lhcb', stamp }]);
    const left: string[] = [];
    for await (const { key } of stages.sandboxElement.list(`pilot-logs/lhcb/${stamp}/`, 10)) left.push(key);
    expect(left).toEqual([]);
  });
});
