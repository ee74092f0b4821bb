import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { UserPrincipal } from '../../../src/auth/index.js';
import type { StatusUpdate } from '../../../src/contract/index.js';
import { Rescheduling } from '../../../src/wms/jobs/rescheduling.js';
import { StatusUpdates } from '../../../src/wms/jobs/status-updates.js';
import { Termination } from '../../../src/wms/jobs/termination.js';
import { aStamp, holdJob } from '../../support/held-job.js';
import { jdoe, type Stages, startStages } from '../../support/stages.js';

let stages: Stages;
let updates: StatusUpdates;
let termination: Termination;
let rescheduling: Rescheduling;
const owner: UserPrincipal = { kind: 'user', properties: ['NormalUser'], ...jdoe };
const administrator: UserPrincipal = {
  ...owner,
  subject: 'lhcb:root',
  username: 'root',
  properties: ['JobAdministrator'],
};

beforeAll(async () => {
  stages = await startStages();
  updates = new StatusUpdates(stages.admission, stages.jobs);
  termination = new Termination(stages.admission, stages.jobs, stages.configuration);
  rescheduling = new Rescheduling(stages.admission, stages.jobs, stages.configuration);
});
afterAll(() => stages.close());

interface Row {
  status: string;
  waiting_in: number | null;
  attempt: number;
  reschedule_counter: number;
}

/** A job that attempt 1 of a pilot holds. */
async function heldJob(): Promise<number> {
  const [accepted] = await stages.submission.submitJsons(jdoe, [{ executable: 'x' }]);
  const jobId = accepted?.JobID ?? 0;
  await holdJob(stages, jobId);
  return jobId;
}

async function rowOf(jobId: number): Promise<Row | undefined> {
  const [row] = await stages.database.query<Row>(
    'SELECT status, waiting_in, attempt, reschedule_counter FROM jobs WHERE job_id = ?',
    [jobId],
  );
  return row;
}

function commandsFor(jobId: number): Promise<{ attempt: number; pilot_stamp: string | null }[]> {
  return stages.database.query(
    'SELECT attempt, pilot_stamp FROM job_commands WHERE job_id = ? AND acknowledged_at IS NULL',
    [jobId],
  );
}

function update(user: UserPrincipal, jobId: number, given: Partial<StatusUpdate>, force = false) {
  return updates.apply(user, { [jobId]: { [new Date().toISOString()]: { Source: 'Test', ...given } } }, force);
}

function end(jobId: number, attempt: number): Promise<unknown> {
  const move = { jobId, attempt, source: 'Test', endsAttempt: { outcome: 'killed' as const } };
  return stages.jobs.change((tx, effects) => stages.jobs.move(tx, effects, [move]));
}

describe('a job that a pilot holds', () => {
  it('is moved by nobody else, but may be killed; its pilot gets the order once', async () => {
    const jobId = await heldJob();
    await update(owner, jobId, { Status: 'Running' });
    await update(owner, jobId, { MinorStatus: 'mine' });
    expect((await rowOf(jobId))?.status).toBe('Matched');
    await update(owner, jobId, { Status: 'Killed' });
    await termination.delete(owner, [jobId]);
    expect((await rowOf(jobId))?.status).toBe('Deleted');
    expect(await commandsFor(jobId)).toEqual([{ attempt: 1, pilot_stamp: aStamp }]);
  });

  it('can be forced by an administrator', async () => {
    const jobId = await heldJob();
    await update(administrator, jobId, { Status: 'Failed' }, true);
    expect((await rowOf(jobId))?.status).toBe('Failed');
  });

  it('that is killed wakes its pilot', async () => {
    const jobId = await heldJob();
    const woken = new Promise<(string | number)[]>((resolve) => stages.wakeUps.on('pilot', resolve));
    await termination.kill(owner, [jobId]);
    expect(await woken).toEqual([aStamp]);
  });

  it('and is rescheduled waits until its attempt has ended; the order to stop is for that attempt only', async () => {
    const jobId = await heldJob();
    await rescheduling.reschedule(owner, [jobId], false);
    expect(await rowOf(jobId)).toMatchObject({ status: 'Waiting', waiting_in: null, reschedule_counter: 1 });
    expect(await commandsFor(jobId)).toEqual([{ attempt: 1, pilot_stamp: aStamp }]);
    await end(jobId, 1);
    const row = await rowOf(jobId);
    expect(row?.waiting_in).not.toBeNull();
    expect(await holdJob(stages, jobId, 'b'.repeat(32))).toBe(2);
    expect(await commandsFor(jobId)).toEqual([]);
  });
});

describe('rescheduling', () => {
  it('looks for input sandboxes again', async () => {
    const jobId = await heldJob();
    await stages.database.execute(
      `UPDATE job_descriptions d JOIN jobs j ON j.description_id = d.description_id
       SET d.document = JSON_SET(d.document, '$.input_sandbox', JSON_ARRAY('SB:x')) WHERE j.job_id = ?`,
      [jobId],
    );
    await end(jobId, 1);
    await rescheduling.reschedule(owner, [jobId], false);
    expect(await rowOf(jobId)).toMatchObject({ status: 'Checking', waiting_in: null });
    await stages.checkJobs.run([jobId]);
    expect((await rowOf(jobId))?.status).toBe('Waiting');
  });

  it('forgives what the infrastructure lost, and counts only the user’s wishes', async () => {
    const jobId = await heldJob();
    await stages.database.execute('UPDATE jobs SET infrastructure_failures = 20 WHERE job_id = ?', [jobId]);
    await end(jobId, 1);
    await rescheduling.reschedule(owner, [jobId], false);
    const [row] = await stages.database.query(
      'SELECT infrastructure_failures, reschedule_counter FROM jobs WHERE job_id = ?',
      [jobId],
    );
    expect(row).toEqual({ infrastructure_failures: 0, reschedule_counter: 1 });
  });
});
