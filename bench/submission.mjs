import { randomUUID } from 'node:crypto';
import { inTransaction } from './load/transaction.mjs';
import { aDescription, cpuWorks, insertTaskQueues, takeIds } from './rows.mjs';
import { group, subjectOf } from './world.mjs';

const users = 20;

/** Users with tokens; for the baseline a task queue and ids that nobody else takes. */
export async function prepareSubmission(world, prefix) {
  const names = Array.from({ length: users }, (_, index) => `${prefix}${index}`);
  const [queue] = await insertTaskQueues(world, [`${prefix}raw`]);
  const first = await world.number("SELECT next_id FROM sequences WHERE name = 'jobs'");
  return {
    load: { tokens: names.map((name) => world.userToken(name)) },
    raw: {
      queue: queue.id,
      owner: `${prefix}raw`,
      document: JSON.stringify({ ...queue.description }),
      job: await takeIds(world, 'jobs', 10_000_000),
      description: await takeIds(world, 'job_descriptions', 10_000_000),
    },
    first: first + 10_000_000,
    names,
  };
}

/** Requests with so many descriptions each, no two alike, spread over ten requirement classes; each with a key of its own. */
export function submissionLoad({ tokens }, perRequest, padding = 0) {
  const ids = [];
  let number = 0;
  return {
    next(connection) {
      const jobs = Array.from({ length: perRequest }, () => {
        number += 1;
        return aDescription({
          arguments: `--events 1000 --seed ${number}${'x'.repeat(padding)}`,
          cpu_work: cpuWorks[number % cpuWorks.length],
        });
      });
      const token = tokens[connection % tokens.length];
      return { method: 'POST', path: '/api/jobs', token, key: randomUUID(), body: { jobs }, units: perRequest };
    },
    accept({ status, body }) {
      if (status !== 201) throw new Error(`submission: ${status} ${body.slice(0, 500)}`);
      const { jobs } = JSON.parse(body);
      if (jobs.length !== perRequest) throw new Error(`${jobs.length} jobs were accepted instead of ${perRequest}`);
      for (const { JobID } of jobs) ids.push(JobID);
    },
    summary: () => ids,
  };
}

/** Every accepted job stands in the database once, Waiting, with its description and two lines of history; and no other. */
export async function verifySubmission(world, { names, first }, ids) {
  const problems = [];
  if (new Set(ids).size !== ids.length) problems.push('a job id was given twice');
  const [jobs] = await world.query(
    `SELECT COUNT(*) AS stored, COUNT(DISTINCT description_id) AS descriptions, SUM(waiting_in IS NOT NULL) AS waiting,
     MIN(job_id) AS least FROM jobs WHERE vo = ? AND owner IN (?)`,
    [group.vo, names],
  );
  for (const name of ['stored', 'descriptions', 'waiting'])
    if (Number(jobs[name]) !== ids.length) problems.push(`${ids.length} jobs were accepted, ${jobs[name]} are ${name}`);
  if (jobs.least < first) problems.push('a job has an id that was taken before');
  const history = await world.number(
    'SELECT COUNT(*) FROM job_history h JOIN jobs j USING (job_id) WHERE j.vo = ? AND j.owner IN (?)',
    [group.vo, names],
  );
  if (history !== 2 * ids.length) problems.push(`${ids.length} jobs have ${history} lines of history`);
  return problems;
}

/** The rows of so many jobs per transaction: descriptions, jobs, two lines of history each. */
export function submissionRaw({ queue, owner, document, job, description }, { connections, perBatch }) {
  let taken = 0;
  return {
    connections,
    async write(connection) {
      const from = taken;
      taken += perBatch;
      const numbers = Array.from({ length: perBatch }, (_, at) => from + at);
      const now = new Date().toISOString().replace('T', ' ').replace('Z', '');
      await inTransaction(connection, async () => {
        await connection.query('INSERT INTO job_descriptions (description_id, vo, document) VALUES ?', [
          numbers.map((n) => [description + n, group.vo, document]),
        ]);
        await connection.query(
          `INSERT INTO jobs (job_id, vo, owner_subject, owner, owner_group, description_id, task_queue_id, waiting_in, status,
             minor_status, job_name, job_type, job_group, user_priority, submission_time, last_update_time) VALUES ?`,
          [
            numbers.map((n) => [
              job + n, group.vo, subjectOf(owner), owner, group.group, description + n, queue, queue, 'Waiting',
              'Pilot Agent Submission', 'simulation', 'User', '00012345', 1, now, now,
            ]), // prettier-ignore
          ],
        );
        await connection.query(
          'INSERT INTO job_history (job_id, vo, attempt, status, minor_status, application_status, source, status_time) VALUES ?',
          [
            numbers.flatMap((n) => [
              [job + n, group.vo, 0, 'Received', 'Job accepted', 'Unknown', 'JobManager', now],
              [job + n, group.vo, 0, 'Waiting', 'Pilot Agent Submission', 'Unknown', 'JobManager', now],
            ]),
          ],
        );
      });
      return perBatch;
    },
  };
}
