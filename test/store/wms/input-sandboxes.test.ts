import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { announceSandbox } from '../../support/announce-sandbox.js';
import { jdoe, rroe, type Stages, startStages } from '../../support/stages.js';
import { Refusal } from '../../../src/contract/index.js';

let stages: Stages;
beforeAll(async () => {
  stages = await startStages();
});
afterAll(() => stages.close());

const hello = { executable: '/bin/echo', arguments: 'hello' };
const announce = (content: string): Promise<string> => announceSandbox(stages, content);

interface Row {
  status: string;
  minor_status: string;
  waiting_in: number | null;
  task_queue_id: number;
}

function rowsOf(ids: number[]): Promise<Row[]> {
  return stages.database.query<Row>('SELECT * FROM jobs WHERE job_id IN (?) ORDER BY job_id', [ids]);
}

async function historyOf(id: number): Promise<string[]> {
  const rows = await stages.database.query<{ status: string; minor_status: string; source: string }>(
    'SELECT status, minor_status, source FROM job_history WHERE job_id = ? ORDER BY status_time, entry_id',
    [id],
  );
  return rows.map(({ status, minor_status, source }) => `${status}/${minor_status}/${source}`);
}

async function refusalOf(call: Promise<unknown>): Promise<Refusal> {
  const refused = await call.then(
    () => null,
    (error: unknown) => error,
  );
  expect(refused).toBeInstanceOf(Refusal);
  return refused as Refusal;
}

describe('input sandboxes', () => {
  it('keep a job in Checking until the task has seen their bytes', async () => {
    const pfn = await announce('bytes');
    const [accepted] = await stages.submission.submitJsons(jdoe, [{ ...hello, input_sandbox: [pfn] }]);
    const id = accepted?.JobID ?? 0;
    expect((await rowsOf([id]))[0]).toMatchObject({ status: 'Checking', waiting_in: null });
    const messages = await stages.database.query<{ payload: string }>(
      "SELECT payload FROM outbox WHERE topic = 'check-jobs'",
    );
    expect(messages.map(({ payload }) => JSON.parse(payload))).toContainEqual({ job_ids: [id] });
    await stages.sandboxElement.put(pfn.slice(pfn.indexOf('/S3/') + 4), Buffer.from('bytes'));
    await stages.checkJobs.run([id]);
    const [row] = await rowsOf([id]);
    expect(row?.status).toBe('Waiting');
    expect(row?.waiting_in).toBe(row?.task_queue_id);
    await stages.checkJobs.run([id]);
    expect(await historyOf(id)).toEqual([
      'Received/Job accepted/JobManager',
      'Checking/Checking input sandboxes/JobManager',
      'Waiting/Pilot Agent Submission/CheckJobs',
    ]);
  });

  it('that were never uploaded fail the job', async () => {
    const pfn = await announce('never');
    const accepted = await stages.submission.submitJsons(jdoe, [{ ...hello, input_sandbox: [pfn] }, hello]);
    const ids = accepted.map(({ JobID }) => JobID);
    await stages.checkJobs.run(ids);
    const rows = await rowsOf(ids);
    expect(rows.map(({ status, minor_status }) => [status, minor_status])).toEqual([
      ['Failed', 'Input sandbox not found'],
      ['Waiting', 'Pilot Agent Submission'],
    ]);
  });

  it('are refused when they are unknown, of another owner, no name at all, or a local file', async () => {
    const foreign = await announce('jdoe only');
    const unknown = foreign.replace(/[0-9a-f]{64}/, 'f'.repeat(64));
    const names = [foreign, unknown, 'SB:/file1', 'script.sh'];
    const refused = await refusalOf(
      stages.submission.submitJsons(
        rroe,
        names.map((name) => ({ ...hello, input_sandbox: [name] })),
      ),
    );
    expect(refused.details.problems?.map(({ path }) => path).toSorted()).toEqual(
      [0, 1, 2, 3].map((at) => `jobs[${at}].input_sandbox`),
    );
    expect(JSON.stringify(refused.details.problems)).toContain('uploads');
  });

  it('of jobs whose task was lost are found again', async () => {
    const pfn = await announce('lost task');
    const [accepted] = await stages.submission.submitJsons(jdoe, [{ ...hello, input_sandbox: [pfn] }]);
    const id = accepted?.JobID ?? 0;
    expect(await stages.checkJobs.overdue(['lhcb'])).not.toContain(id);
    await stages.database.execute('UPDATE jobs SET last_update_time = NOW(6) - INTERVAL 2 MINUTE WHERE job_id = ?', [
      id,
    ]);
    expect(await stages.checkJobs.overdue(['lhcb'])).toContain(id);
    expect(await stages.checkJobs.overdue(['biomed'])).toEqual([]);
  });
});
