import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { PilotMonitor } from '../../src/agents/pilot-monitor/pilot-monitor.agent.js';
import { StopPilots } from '../../src/agents/pilot-monitor/stop-pilots.js';
import { ComputingElementError } from '../../src/ce/index.js';
import { Pilots } from '../../src/wms/index.js';
import { aStamp, type AgentsTest, FakeCe, quietLog, startAgentsTest } from './support.js';

describe('The pilot monitor', () => {
  let test: AgentsTest;
  let pilots: Pilots;
  let ce: FakeCe;
  let gone: string[];
  let monitor: PilotMonitor;
  let stop: StopPilots;

  beforeAll(async () => {
    test = await startAgentsTest();
    pilots = new Pilots(test.database, { wake: () => undefined });
  });
  afterAll(() => test.close());
  beforeEach(async () => {
    await test.database.execute('DELETE FROM pilots');
    await test.database.execute('DELETE FROM outbox');
    ce = new FakeCe();
    gone = [];
    const ends = { pilotGone: async (stamp: string) => gone.push(stamp) };
    const elements = { get: async () => ce };
    monitor = new PilotMonitor({ pilots, ends, elements });
    stop = new StopPilots({ pilots, ends, elements, configuration: test.configuration });
  });

  const aPilot = async (contacted = true): Promise<string> => {
    const stamp = aStamp();
    await pilots.create(test.database, [
      {
        stamp,
        vo: 'lhcb',
        site: 'Demo.Local',
        ce: 'local',
        queue: 'all',
        gridType: 'local',
        processors: 1,
        tags: [],
        platforms: [],
        secretHash: 'x',
        secretLifetime: 600,
      },
    ]);
    await pilots.submitted(new Map([[stamp, `ref-${stamp}`]]));
    if (contacted) await test.database.execute('UPDATE pilots SET last_contact = NOW(6) WHERE stamp = ?', [stamp]);
    return stamp;
  };
  const statusOf = async (stamp: string): Promise<unknown> =>
    (await test.database.query('SELECT status FROM pilots WHERE stamp = ?', [stamp]))[0]?.['status'];

  it('follows pilots through the states that their CE tells, many with one question', async () => {
    const stamps = await Promise.all(Array.from({ length: 20 }, () => aPilot()));
    for (const stamp of stamps) ce.runs.set(`ref-${stamp}`, { status: 'running' });
    await monitor.run(test.context());
    expect(await Promise.all(stamps.map(statusOf))).toEqual(stamps.map(() => 'Running'));
    expect(ce.asked).toBe(1);
  });

  it('ends the attempts of a pilot that is gone and has its log sealed', async () => {
    const stamp = await aPilot();
    ce.runs.set(`ref-${stamp}`, { status: 'failed', exitCode: 137 });
    await monitor.run(test.context());
    expect(gone).toEqual([stamp, stamp]);
    expect(await statusOf(stamp)).toBe('Failed');
    const [message] = await test.database.query<{ topic: string; payload: string }>(
      'SELECT topic, payload FROM outbox',
    );
    expect(message?.topic).toBe('seal-log');
    expect(JSON.parse(message?.payload ?? '')).toEqual({ stamp, because: 'vanished' });
  });

  it('ends attempts also after a pilot has become final, because a claim may have been made just before', async () => {
    const [seen, stopped] = [await aPilot(), await aPilot()];
    ce.runs.set(`ref-${seen}`, { status: 'failed', exitCode: 137 });
    const states: [string, unknown][] = [];
    const ends = {
      pilotGone: async (stamp: string) => states.push([stamp, await statusOf(stamp)]),
    };
    const elements = { get: async () => ce };
    await new PilotMonitor({ pilots, ends, elements }).run(test.context());
    ce.runs.set(`ref-${stopped}`, { status: 'running' });
    const context = { signal: AbortSignal.timeout(5_000), log: quietLog };
    await new StopPilots({ pilots, ends, elements, configuration: test.configuration }).handle(
      { stamps: [stopped] },
      context,
    );
    expect(states).toContainEqual([seen, 'Failed']);
    expect(states).toContainEqual([stopped, 'Deleted']);
  });

  it('calls a pilot Aborted that ended without contacting the server', async () => {
    const stamp = await aPilot(false);
    ce.runs.set(`ref-${stamp}`, { status: 'done', exitCode: 0 });
    await monitor.run(test.context());
    expect(await statusOf(stamp)).toBe('Aborted');
  });

  it('repeats what a crash cut off: attempts end before the pilot is final', async () => {
    const stamp = await aPilot();
    ce.runs.set(`ref-${stamp}`, { status: 'done', exitCode: 0 });
    const crash = new PilotMonitor({
      pilots,
      ends: { pilotGone: () => Promise.reject(new Error('the process died')) },
      elements: { get: async () => ce },
    });
    await expect(crash.run(test.context())).rejects.toThrow('the process died');
    expect(await statusOf(stamp)).toBe('Submitted');
    await monitor.run(test.context());
    expect(gone).toEqual([stamp, stamp]);
  });

  it('never revives a pilot that has ended', async () => {
    const stamp = await aPilot();
    expect(await pilots.move(stamp, 'Done', 'It said so')).toBe(true);
    expect(await pilots.move(stamp, 'Running', 'A late answer')).toBe(false);
    ce.runs.set(`ref-${stamp}`, { status: 'running' });
    await monitor.run(test.context());
    expect(await statusOf(stamp)).toBe('Done');
  });

  it('gives up a pilot that neither its CE nor the server has known for an hour, and leaves its attempts to their leases', async () => {
    const stamp = await aPilot();
    await monitor.run(test.context());
    expect(await statusOf(stamp)).toBe('Unknown');
    await test.database.execute(
      'UPDATE pilots SET last_update_time = NOW(6) - INTERVAL 61 MINUTE, last_contact = NOW(6)',
    );
    await monitor.run(test.context());
    expect(await statusOf(stamp)).toBe('Unknown');
    await test.database.execute('UPDATE pilots SET last_contact = NOW(6) - INTERVAL 61 MINUTE');
    await monitor.run(test.context());
    expect(await statusOf(stamp)).toBe('Aborted');
    expect(gone).toEqual([]);
  });

  it('goes on with other CEs when one does not answer', async () => {
    const stamp = await aPilot();
    ce.failure = new ComputingElementError('unreachable', 'no answer');
    expect(await monitor.run(test.context())).toMatchObject({ unreachable: 1 });
    expect(await statusOf(stamp)).toBe('Submitted');
  });

  it('stops pilots on request, once, and asks again for one that is not at its CE yet', async () => {
    const context = { signal: AbortSignal.timeout(5_000), log: quietLog };
    const stamp = await aPilot();
    ce.runs.set(`ref-${stamp}`, { status: 'running' });
    await stop.handle({ stamps: [stamp] }, context);
    expect([await statusOf(stamp), gone]).toEqual(['Deleted', [stamp, stamp]]);
    await stop.handle({ stamps: [stamp] }, context);
    expect(gone).toEqual([stamp, stamp]);
    const early = await aPilot();
    await test.database.execute('UPDATE pilots SET reference = NULL WHERE stamp = ?', [early]);
    await expect(stop.handle({ stamps: [early] }, context)).rejects.toThrow('1 pilots could not be stopped');
  });
});
