import { insertRows, takeIds } from '../rows.mjs';
import { group, subjectOf } from '../world.mjs';

/** So many jobs of a queue come one after the other, as calls of production systems submit them. */
const run = 100;
const perStatement = 500_000;

/**
 * Waiting jobs for these queues, as many as each says, evenly mixed. The rows are made in the database from a table of
 * runs; the indexes are taken away before and built afterwards, which for ten million jobs is several times faster.
 */
export async function loadJobs(world, queues, log) {
  const count = queues.reduce((sum, { jobs }) => sum + jobs, 0);
  const first = await takeIds(world, 'jobs', count);
  log(`${count} jobs`);
  await world.query(`CREATE TABLE bench_runs (
    first_job BIGINT UNSIGNED NOT NULL PRIMARY KEY, length INT UNSIGNED NOT NULL, queue BIGINT UNSIGNED NOT NULL,
    description BIGINT UNSIGNED NOT NULL, subject VARCHAR(255) NOT NULL, owner VARCHAR(64) NOT NULL,
    owner_group VARCHAR(128) NOT NULL, job_name VARCHAR(128) NOT NULL, job_type VARCHAR(32) NOT NULL,
    job_group VARCHAR(32) NOT NULL)`);
  const columns = ['first_job', 'length', 'queue', 'description', 'subject', 'owner', 'owner_group', 'job_name', 'job_type', 'job_group']; // prettier-ignore
  await insertRows(world, 'bench_runs', columns, runsOf(queues, first));
  const indexes = await secondaryIndexes(world);
  await world.query(`ALTER TABLE jobs ${indexes.map(({ name }) => `DROP KEY ${name}`).join(', ')}`);
  for (let from = first; from < first + count; from += perStatement) await insertRuns(world, from, from + perStatement);
  log('indexes of the jobs');
  await world.query(`ALTER TABLE jobs ${indexes.map(({ definition }) => `ADD ${definition}`).join(', ')}`);
  await world.query('DROP TABLE bench_runs');
  const loaded = await world.number('SELECT COUNT(*) FROM jobs WHERE job_id >= ? AND job_id < ?', [
    first,
    first + count,
  ]);
  if (loaded !== count) throw new Error(`${loaded} jobs were loaded instead of ${count}`);
  return { first, count };
}

function runsOf(queues, first) {
  const runs = queues.flatMap((queue) => {
    const number = Math.ceil(queue.jobs / run);
    return Array.from({ length: number }, (_, at) => ({
      queue,
      length: Math.min(run, queue.jobs - at * run),
      place: (at + 0.5) / number,
    }));
  });
  runs.sort((a, b) => a.place - b.place || a.queue.id - b.queue.id);
  let next = first;
  return runs.map(({ queue, length }) => {
    const { job_name, job_type, job_group } = queue.description;
    const from = next;
    next += length;
    return [
      from, length, queue.id, queue.descriptionId, subjectOf(queue.owner), queue.owner, queue.group, job_name, job_type,
      job_group,
    ]; // prettier-ignore
  });
}

async function insertRuns(world, from, until) {
  await world.query(
    `INSERT INTO jobs (job_id, vo, owner_subject, owner, owner_group, description_id, task_queue_id, waiting_in, status,
       minor_status, job_name, job_type, job_group, site, user_priority, attempt, submission_time, last_update_time)
     SELECT STRAIGHT_JOIN r.first_job + s.seq, ?, r.subject, r.owner, r.owner_group, r.description, r.queue, r.queue,
       'Waiting', 'Pilot Agent Submission', r.job_name, r.job_type, r.job_group, 'ANY', 1, 0, NOW(6), NOW(6)
     FROM bench_runs r JOIN seq_0_to_${run - 1} s WHERE s.seq < r.length AND r.first_job >= ? AND r.first_job < ?`,
    [group.vo, from, until],
  );
}

async function secondaryIndexes(world) {
  const [row] = await world.query('SHOW CREATE TABLE jobs');
  return [...row['Create Table'].matchAll(/^ +((?:UNIQUE )?KEY (`\w+`).*?),?$/gm)].map(([, definition, name]) => ({
    name,
    definition,
  }));
}
