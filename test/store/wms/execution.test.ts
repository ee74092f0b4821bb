import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { BodyOf, execution } from '../../../src/contract/index.js';
import type { ClaimedAttempt } from '../../../src/wms/matching/earlier-claims.sql.js';
import { holderOf, type Matcher, type MatchingTest, startMatching } from '../../support/matching.js';

type End = BodyOf<typeof execution.end>;
const done: End = { outcome: 'done', exit_code: 0, minor_status: 'Execution Complete', parameters: {} };
const failed = (more: Partial<End> = {}): End => ({
  outcome: 'failed',
  failure_class: 'payload',
  exit_code: 1,
  minor_status: 'Application Finished With Errors',
  parameters: {},
  ...more,
});
const running = (sequence: number) => ({
  sequence,
  status: 'Running' as const,
  minor_status: 'Application',
  parameters: {},
});
const ended = { code: 'attempt-ended', status: 409 };

describe('execution', () => {
  let wms: MatchingTest;
  let server: Matcher;
  let stamp: string;

  beforeAll(async () => {
    wms = await startMatching({ vos: { lhcb: { jobs: { max_infrastructure_failures: 2, max_rescheduling: 2 } } } });
    server = wms.server();
  });
  beforeEach(async () => {
    stamp = await wms.pilot();
  });
  afterAll(() => wms.close());

  /** A job that runs. */
  async function start(retries = 0): Promise<ClaimedAttempt> {
    await wms.submit({}, { retries });
    return next();
  }
  async function next(): Promise<ClaimedAttempt> {
    const [attempt] = await server.claim(stamp);
    if (attempt === undefined) throw new Error('There was nothing to claim');
    return attempt;
  }
  const kill = (jobId: number) =>
    wms.jobs.change(async (tx, effects) => {
      const rows = await wms.jobs.lock(tx, [jobId]);
      await wms.jobs.move(tx, effects, [{ jobId, to: 'Killed', minor: 'Marked for termination', source: 'User' }]);
      await wms.jobs.commandKill(tx, effects, [...rows.values()]);
    });
  const reschedule = (jobId: number) =>
    wms.jobs.change((tx, effects) =>
      wms.jobs.move(tx, effects, [
        { jobId, to: 'Waiting', through: [{ status: 'Rescheduled', minor: 'Job Rescheduled' }], source: 'User' },
      ]),
    );
  const expireNow = (jobId: number) =>
    wms.database.execute('UPDATE leases SET expires_at = NOW(6) - INTERVAL 1 HOUR WHERE job_id = ?', [jobId]);
  const isClaimable = async (jobId: number): Promise<boolean> => (await wms.job(jobId)).waiting_in !== null;

  it('carries a job from Matched to Done, with its parameters, and ends attempt and lease', async () => {
    const attempt = await start();
    await server.reports.take(holderOf(attempt), { ...running(1), parameters: { HostName: 'wn1' } });
    await server.reports.take(holderOf(attempt), { sequence: 2, application_status: 'half', parameters: {} });
    await server.reports.take(holderOf(attempt), { sequence: 3, status: 'Completing', parameters: {} });
    await server.ends.take(holderOf(attempt), { ...done, parameters: { HostName: 'wn2' } });
    expect(await wms.job(attempt.job_id)).toMatchObject({ status: 'Done', application_status: 'half' });
    const states = (await wms.history(attempt.job_id)).map((line) => line.split('/')[0]);
    expect(states).toEqual(['Matched', 'Running', 'Running', 'Completing', 'Done']);
    const [row] = await wms.database.query('SELECT * FROM attempts WHERE job_id = ?', [attempt.job_id]);
    expect(row).toMatchObject({ outcome: 'done', exit_code: 0, failure_class: null });
    expect(row?.started_at).not.toBeNull();
    expect(row?.ended_at).not.toBeNull();
    expect(await wms.database.query('SELECT * FROM leases WHERE job_id = ?', [attempt.job_id])).toEqual([]);
    expect(await wms.database.query('SELECT value FROM job_parameters WHERE job_id = ?', [attempt.job_id])).toEqual([
      { value: 'wn2' },
    ]);
  });

  it('takes a report once, whatever order repetitions come in, and refuses states that are not an attempt’s to report', async () => {
    const attempt = await start();
    await Promise.all([1, 1, 2, 1].map((sequence) => server.reports.take(holderOf(attempt), running(sequence))));
    await server.reports.take(holderOf(attempt), { sequence: 1, minor_status: 'late', parameters: {} });
    expect(await wms.job(attempt.job_id)).toMatchObject({ status: 'Running', minor_status: 'Application' });
    expect(await wms.history(attempt.job_id)).toHaveLength(3);
    const report = { sequence: 9, status: 'Done' as const, parameters: {} };
    await expect(server.reports.take(holderOf(attempt), report)).rejects.toMatchObject({ code: 'invalid-request' });
  });

  it('refuses a zombie: reports and ends of attempt 1 while attempt 2 runs change nothing', async () => {
    const first = await start();
    await expireNow(first.job_id);
    expect(await server.leases.expire(10)).toBe(1);
    const second = await next();
    expect(second).toMatchObject({ job_id: first.job_id, attempt: 2 });
    await server.reports.take(holderOf(second), running(1));
    await expect(server.reports.take(holderOf(first), running(7))).rejects.toMatchObject(ended);
    await expect(server.ends.take(holderOf(first), done)).rejects.toMatchObject(ended);
    expect(await wms.job(first.job_id)).toMatchObject({ status: 'Running', attempt: 2, reschedule_counter: 0 });
    expect(await wms.history(first.job_id)).toContain('Rescheduled/Job stalled: pilot not running');
  });

  it('takes the end of an attempt again when its reply was lost, and refuses another outcome', async () => {
    const attempt = await start();
    await Promise.all([1, 2, 3].map(() => server.ends.take(holderOf(attempt), done)));
    await server.ends.take(holderOf(attempt), done);
    await expect(server.ends.take(holderOf(attempt), failed())).rejects.toMatchObject(ended);
    expect((await wms.history(attempt.job_id)).filter((line) => line.startsWith('Done'))).toHaveLength(1);
  });

  it('lets the next attempt of a rescheduled job wait until the old one has ended', async () => {
    const first = await start();
    await server.reports.take(holderOf(first), running(1));
    await reschedule(first.job_id);
    expect(await wms.job(first.job_id)).toMatchObject({ status: 'Waiting', waiting_in: null });
    expect(await server.claim(await wms.pilot())).toEqual([]);
    await server.reports.take(holderOf(first), running(2));
    expect(await wms.job(first.job_id)).toMatchObject({ status: 'Waiting' });
    await server.ends.take(holderOf(first), done);
    expect(await wms.job(first.job_id)).toMatchObject({ status: 'Waiting', minor_status: 'Application' });
    const second = await next();
    expect(second).toMatchObject({ job_id: first.job_id, attempt: 2 });
  });

  it('lets the next attempt wait until the lease is over when nobody says that the old one has ended', async () => {
    const first = await start();
    await reschedule(first.job_id);
    expect(await server.leases.expire(10)).toBe(0);
    expect(await isClaimable(first.job_id)).toBe(false);
    await expireNow(first.job_id);
    expect(await server.leases.expire(10)).toBe(1);
    expect(await next()).toMatchObject({ job_id: first.job_id, attempt: 2 });
  });

  it('gives a kill command to the attempt that it was meant for, until it is acknowledged, and never to the next', async () => {
    const first = await start();
    await kill(first.job_id);
    const commands = await server.calls.commands(stamp);
    expect(commands).toMatchObject([{ job_id: first.job_id, attempt: 1, command: 'Kill' }]);
    expect(await server.calls.commands(stamp)).toEqual(commands);
    await server.calls.acknowledge(
      await wms.pilot(),
      commands.map(({ command_id }) => command_id),
    );
    expect(await server.calls.commands(stamp)).toHaveLength(1);
    await server.calls.acknowledge(
      stamp,
      commands.map(({ command_id }) => command_id),
    );
    expect(await server.calls.commands(stamp)).toEqual([]);

    const again = await start();
    await kill(again.job_id);
    await reschedule(again.job_id);
    await server.ends.take(holderOf(again), { ...failed({ outcome: 'killed' }), minor_status: 'Received Kill signal' });
    const second = await next();
    expect(second).toMatchObject({ job_id: again.job_id, attempt: 2 });
    expect(await server.calls.commands(stamp)).toEqual([]);
  });

  it('keeps a killed job Killed, renews its lease while it is dying, and takes its end', async () => {
    const attempt = await start();
    await kill(attempt.job_id);
    const [beat] = await server.heartbeats.beat(stamp, [{ job_id: attempt.job_id, attempt: 1, metrics: {} }]);
    expect(beat).toMatchObject({ outcome: 'renewed' });
    await server.reports.take(holderOf(attempt), running(1));
    await server.ends.take(holderOf(attempt), { ...done, outcome: 'killed', minor_status: 'Received Kill signal' });
    expect(await wms.job(attempt.job_id)).toMatchObject({ status: 'Killed', minor_status: 'Marked for termination' });
  });

  it('renews leases in bulk, keeps what payloads print, and calls foreign and ended attempts gone', async () => {
    const mine = await start();
    const foreign = await start();
    await wms.database.execute('UPDATE leases SET pilot_stamp = ? WHERE job_id = ?', [
      await wms.pilot(),
      foreign.job_id,
    ]);
    await wms.database.execute('UPDATE leases SET expires_at = NOW(6) WHERE job_id = ?', [mine.job_id]);
    const metrics = { CPUConsumed: 12, StandardOutput: 'line 1\nline 2' };
    const beats = await server.heartbeats.beat(stamp, [
      { job_id: mine.job_id, attempt: 1, metrics },
      { job_id: mine.job_id, attempt: 2, metrics: {} },
      { job_id: foreign.job_id, attempt: 1, metrics: {} },
      { job_id: 999_999, attempt: 1, metrics: {} },
    ]);
    expect(beats.map(({ outcome }) => outcome)).toEqual(['renewed', 'gone', 'gone', 'gone']);
    const [lease] = await wms.database.query<{ alive: number }>(
      'SELECT expires_at > NOW(6) + INTERVAL 10 SECOND AS alive, metrics, output_tail FROM leases WHERE job_id = ?',
      [mine.job_id],
    );
    expect(lease).toMatchObject({ alive: 1, metrics: '{"CPUConsumed":12}', output_tail: 'line 1\nline 2' });
    expect((await wms.job(mine.job_id)).heart_beat_time).not.toBeNull();
    await server.ends.take(holderOf(mine), done);
    const kept = await wms.database.query(
      "SELECT value FROM job_parameters WHERE job_id = ? AND name = 'StandardOutput'",
      [mine.job_id],
    );
    expect(kept).toEqual([{ value: 'line 1\nline 2' }]);
  });

  it('lets either a late heartbeat or the expiry win, never both', async () => {
    const attempts = [];
    for (let count = 0; count < 20; count += 1) attempts.push(await start());
    await wms.database.execute('UPDATE leases SET expires_at = NOW(6) - INTERVAL 1 HOUR WHERE pilot_stamp = ?', [
      stamp,
    ]);
    const [beats, expired] = await Promise.all([
      Promise.all(attempts.map(({ job_id }) => server.heartbeats.beat(stamp, [{ job_id, attempt: 1, metrics: {} }]))),
      server.leases.expire(100),
    ]);
    const gone = beats.flat().filter(({ outcome }) => outcome === 'gone').length;
    expect(gone).toBe(expired);
    for (const { job_id, outcome } of beats.flat()) {
      expect((await wms.job(job_id)).status).toBe(outcome === 'gone' ? 'Waiting' : 'Matched');
    }
    const left = await wms.database.query<{ job_id: number }>('SELECT job_id FROM leases WHERE pilot_stamp = ?', [
      stamp,
    ]);
    expect(left).toHaveLength(20 - gone);
    for (const attempt of attempts) {
      if ((await wms.job(attempt.job_id)).status === 'Matched') await server.ends.take(holderOf(attempt), done);
      else await server.ends.take(holderOf(await next()), done);
    }
  });

  it('shows the jobs of a silent pilot as Stalled, and as Running again after a heartbeat', async () => {
    const attempt = await start();
    await server.reports.take(holderOf(attempt), running(1));
    expect(await server.leases.markSilent()).toBe(0);
    await wms.database.execute('UPDATE pilots SET last_contact = NOW(6) - INTERVAL 1 HOUR WHERE stamp = ?', [stamp]);
    await wms.database.execute('UPDATE leases SET claimed_at = NOW(6) - INTERVAL 1 HOUR WHERE job_id = ?', [
      attempt.job_id,
    ]);
    expect(await server.leases.markSilent()).toBe(1);
    expect(await wms.job(attempt.job_id)).toMatchObject({ status: 'Stalled', minor_status: 'Pilot silent' });
    await server.heartbeats.beat(stamp, [{ job_id: attempt.job_id, attempt: 1, metrics: {} }]);
    expect(await wms.job(attempt.job_id)).toMatchObject({ status: 'Running', minor_status: 'Application' });
    await server.ends.take(holderOf(attempt), done);
  });

  it('ends the attempts of a pilot that is gone at once, at no cost to the user, until the infrastructure has failed too often', async () => {
    const first = await start();
    expect(await server.pilotEnds.pilotGone(stamp, 'Pilot aborted')).toBe(1);
    expect(await server.pilotEnds.pilotGone(stamp, 'Pilot aborted')).toBe(0);
    expect(await wms.job(first.job_id)).toMatchObject({ status: 'Waiting', infrastructure_failures: 1 });
    expect(await isClaimable(first.job_id)).toBe(true);
    await next();
    await server.pilotEnds.pilotGone(stamp, 'Pilot aborted');
    await next();
    await server.pilotEnds.pilotGone(stamp, 'Pilot aborted');
    expect(await wms.job(first.job_id)).toMatchObject({
      status: 'Failed',
      minor_status: 'Maximum of reschedulings reached',
      reschedule_counter: 0,
      infrastructure_failures: 2,
      attempt: 3,
    });
  });

  it('runs a failed payload again as often as its description allows, charged to the user', async () => {
    const first = await start(1);
    await server.ends.take(holderOf(first), failed());
    expect(await wms.job(first.job_id)).toMatchObject({ status: 'Waiting', reschedule_counter: 1, site: 'ANY' });
    await server.ends.take(holderOf(await next()), failed());
    expect(await wms.job(first.job_id)).toMatchObject({
      status: 'Failed',
      minor_status: 'Application Finished With Errors',
      reschedule_counter: 1,
    });
  });

  it('runs a payload again that asks for it, until the maximum of reschedulings', async () => {
    const first = await start();
    const asks = { ...failed(), outcome: 'reschedule' as const, failure_class: 'reschedule' as const, exit_code: 222 };
    await server.ends.take(holderOf(first), asks);
    await server.ends.take(holderOf(await next()), asks);
    await server.ends.take(holderOf(await next()), asks);
    expect(await wms.job(first.job_id)).toMatchObject({
      status: 'Failed',
      minor_status: 'Maximum of reschedulings reached',
      reschedule_counter: 2,
      attempt: 3,
    });
  });
});
