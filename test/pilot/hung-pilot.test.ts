import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { FakeJob } from './support/fake-server.js';
import { processesWith, until } from './support/pilot-process.js';
import { pilotSuite, shell } from './support/pilot-suite.js';

const suite = pilotSuite();

const runs = (job: FakeJob): boolean => job.statuses.some(({ minor_status }) => minor_status === 'Application');
const leaseSeconds = 6;
/** Beats as rarely as a pilot with long leases. */
const rareBeats = { PILOTAGE_PILOT_HEARTBEAT_SECONDS: '60' };

interface Kind {
  isolation: string;
  /** Why it cannot be tried here. */
  unfit: string | undefined;
}
const kinds: Kind[] = [
  { isolation: 'none', unfit: undefined },
  { isolation: 'bubblewrap', unfit: existsSync('/usr/bin/bwrap') ? undefined : 'bubblewrap is not installed' },
  { isolation: 'uid', unfit: process.getuid?.() === 0 ? undefined : 'only root has other user ids' },
];

/** A payload with a child in a session of its own; with user ids, also one that cleared its environment. */
function stubborn(mark: string, isolation: string) {
  const bare = isolation === 'uid' ? `setsid env -i /bin/sleep 600.${mark} & ` : '';
  return { ...shell(`${bare}setsid sleep 600 & exec sleep 601`), environment: { TEST_MARK: mark } };
}

/** Lets the pilot of a running job hang until its payload is gone; gives ms from the last renewal to then. */
async function hang(job: FakeJob, mark: string, pilot: { signal(name: NodeJS.Signals): void }): Promise<number> {
  await until('it runs', () => runs(job) && processesWith(mark).length >= 2);
  const beats = suite.server.beatTimes.length;
  await until('its lease is renewed', () => suite.server.beatTimes.length > beats);
  pilot.signal('SIGSTOP');
  await until('the payload is gone', () => processesWith(mark).length === 0, 2 * leaseSeconds);
  return Date.now() - Math.max(...suite.server.beatTimes);
}

for (const { isolation, unfit } of kinds) {
  const suited = unfit === undefined ? describe : describe.skip;
  suited(`while a pilot hangs, with isolation ${isolation}${unfit === undefined ? '' : ` (${unfit})`}`, () => {
    const settings = {
      PILOTAGE_PILOT_ISOLATION: isolation,
      PILOTAGE_PILOT_PAYLOAD_UID: '64220-64229',
      PILOTAGE_PILOT_IDLE_SECONDS: '3',
    };

    it('its payload is gone before the lease ends, and the pilot goes on afterwards', async () => {
      const mark = String(Date.now());
      suite.server.leaseSeconds = leaseSeconds;
      const job = suite.server.submit(stubborn(mark, isolation));
      const pilot = suite.start(settings);
      expect(await hang(job, mark, pilot)).toBeLessThan(leaseSeconds * 1000);
      expect(job.end).toBeUndefined();
      const next = suite.server.submit(shell('true'));
      pilot.signal('SIGCONT');
      expect(await pilot.exited).toBe(0);
      expect(job.end).toMatchObject({ outcome: 'failed', failure_class: 'infrastructure' });
      expect(next.end).toMatchObject({ outcome: 'done' });
      expect(suite.server.farewell?.status).toBe('Done');
    }, 40_000);
  });
}

describe('a pilot', () => {
  const settings = { PILOTAGE_PILOT_ISOLATION: 'none', PILOTAGE_PILOT_IDLE_SECONDS: '3' };

  it('an attempt that the server has ended meanwhile is not reported afterwards', async () => {
    const mark = String(Date.now());
    suite.server.leaseSeconds = leaseSeconds;
    const job = suite.server.submit({ ...stubborn(mark, 'none'), wall_time: leaseSeconds + 2 });
    const pilot = suite.start(settings);
    await hang(job, mark, pilot);
    job.gone = true;
    pilot.signal('SIGCONT');
    expect(await pilot.exited).toBe(0);
    expect(job.end).toBeUndefined();
  }, 40_000);

  it('nothing happens to a payload whose lease is renewed', async () => {
    suite.server.leaseSeconds = leaseSeconds;
    const job = suite.server.submit(shell(`sleep ${2 * leaseSeconds}`));
    expect(await suite.start({ ...settings, ...rareBeats }).exited).toBe(0);
    expect(job.end).toMatchObject({ outcome: 'done', exit_code: 0 });
  }, 40_000);

  it('that hung over the inputs of a job until its lease was over does not begin it', async () => {
    let release = (): void => undefined;
    suite.server.inputReplies = new Promise((resolve) => (release = resolve));
    suite.server.leaseSeconds = 3;
    const input = execFileSync('tar', ['czf', '-', '-C', suite.folder, '.']);
    const job = suite.server.submit({ ...shell('sleep 600'), input_sandbox: ['SB:x'] }, { inputs: [input] });
    const pilot = suite.start(settings);
    await until('it asks for its inputs', () => suite.server.requests.some((line) => line.endsWith('/inputs')));
    pilot.signal('SIGSTOP');
    release();
    const end = Date.now() + 4000;
    await until('its lease is over', () => Date.now() > end);
    pilot.signal('SIGCONT');
    await until('the pilot has looked at it', () => job.end !== undefined);
    expect(job.end).toMatchObject({ outcome: 'failed', failure_class: 'infrastructure' });
    expect(runs(job)).toBe(false);
  }, 40_000);

  it('whose guard does not stay stops its payloads, says why, and ends', async () => {
    const job = suite.server.submit(shell('sleep 600'));
    const pilot = suite.start(settings);
    await until('it runs', () => runs(job));
    const guards = (): number[] => {
      const all = new Set(processesWith('pilotage-guard'));
      return processesWith(pilot.directory).filter((pid) => all.has(pid));
    };
    const killing = setInterval(() => {
      for (const pid of guards()) process.kill(pid, 'SIGKILL');
    }, 50);
    try {
      expect(await pilot.exited).toBe(1);
    } finally {
      clearInterval(killing);
    }
    expect(job.end).toMatchObject({ outcome: 'failed', failure_class: 'infrastructure' });
    expect(suite.server.farewell).toEqual({
      status: 'Failed',
      reason: 'the guard of the payloads could not be started',
    });
    expect(suite.server.log).toContain('the guard ended (SIGKILL); starting it again');
    expect(guards()).toEqual([]);
  }, 40_000);
});

describe('heartbeats', () => {
  it('come four times in the shortest lease that is held, however rarely they are configured', async () => {
    const long = suite.server.submit(shell('sleep 8'));
    const pilot = suite.start({ ...rareBeats, PILOTAGE_PILOT_PROCESSORS: '2' });
    await until('the first runs', () => runs(long));
    expect(suite.server.beatTimes).toEqual([]);
    suite.server.leaseSeconds = leaseSeconds;
    const short = suite.server.submit(shell(`sleep ${leaseSeconds}`));
    await until('the second runs', () => runs(short));
    expect(await pilot.exited).toBe(0);
    const { beatTimes } = suite.server;
    expect(beatTimes.length).toBeGreaterThanOrEqual(3);
    const pauses = beatTimes.slice(1).map((time, index) => time - (beatTimes[index] ?? 0));
    expect(Math.max(...pauses)).toBeLessThan((leaseSeconds * 1000) / 3);
    expect(Math.min(...pauses)).toBeGreaterThan((leaseSeconds * 1000) / 6);
    for (const job of [long, short]) expect(job.end).toMatchObject({ outcome: 'done' });
  }, 40_000);
});
