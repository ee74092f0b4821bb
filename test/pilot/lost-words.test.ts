import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import type { FakeJob } from './support/fake-server.js';
import { processesWith, until } from './support/pilot-process.js';
import { pilotSuite, shell } from './support/pilot-suite.js';

const suite = pilotSuite();

const runs = (job: FakeJob): boolean => job.statuses.some(({ minor_status }) => minor_status === 'Application');

/** Holds back the replies to claims that grant jobs, until the returned function is called. */
function holdClaimReplies(): () => void {
  let release = (): void => undefined;
  suite.server.claimReplies = new Promise((resolve) => (release = resolve));
  return release;
}

describe('words that come late or are lost', () => {
  it('a kill that overtakes the grant of its job still stops the job', async () => {
    const other = suite.server.submit(shell('sleep 600'));
    suite.start({ PILOTAGE_PILOT_PROCESSORS: '2' });
    await until('the pilot is busy', () => runs(other));
    const release = holdClaimReplies();
    const job = suite.server.submit(shell('sleep 5'));
    const granted = (): boolean => suite.server.grants(job);
    await until('the job is granted', granted);
    suite.server.kill(job);
    const beats = suite.server.heartbeats.length;
    await until('heartbeats have carried the kill', () => suite.server.heartbeats.length >= beats + 3);
    release();
    await until('the job has ended', () => job.end !== undefined);
    expect(job.end).toMatchObject({ outcome: 'killed' });
    expect(other.end).toBeUndefined();
  }, 40_000);

  it('a job whose grant is read after its lease has ended is not begun', async () => {
    const mark = `mark-${suite.server.stamp}`;
    suite.server.leaseSeconds = 3;
    const release = holdClaimReplies();
    const job = suite.server.submit({ ...shell('sleep 600'), environment: { TEST_MARK: mark } });
    const pilot = suite.start({ PILOTAGE_PILOT_POLL_SECONDS: '1', PILOTAGE_PILOT_IDLE_SECONDS: '5' });
    await until('the job is granted', () => suite.server.grants(job));
    pilot.signal('SIGSTOP');
    release();
    await delay(5_000);
    pilot.signal('SIGCONT');
    await until('the pilot has looked at it', () => job.end !== undefined);
    expect(job.end).toMatchObject({ outcome: 'failed', failure_class: 'infrastructure' });
    expect(runs(job)).toBe(false);
    expect(processesWith(mark)).toEqual([]);
  }, 40_000);

  it('the end of an attempt is told again when the server fails over it', async () => {
    suite.server.failEnds = 2;
    const job = suite.server.submit(shell('true'));
    expect(await suite.start().exited).toBe(0);
    expect(job.end).toMatchObject({ outcome: 'done' });
  });
});
