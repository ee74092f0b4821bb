import { JobCounts } from '../dist/wms/counters/job-counts.js';
import { hashOf, requirementsOf } from '../dist/wms/task-queues/requirements.js';
import { JobDescription } from '../dist/contract/index.js';
import { group, place, subjectOf } from './world.mjs';

const perStatement = 2_000;

/** CPU work of ten requirement classes, one in each of DIRAC's segments. */
export const cpuWorks = [300, 1_000, 3_000, 20_000, 40_000, 80_000, 100_000, 200_000, 300_000, 500_000];

/** The description of a job as users of such systems write it. */
export function aDescription(more = {}) {
  return {
    executable: '/cvmfs/bench.example.org/bin/simulate',
    arguments: '--events 1000 --geometry run3',
    job_name: 'simulation',
    job_group: '00012345',
    cpu_work: 100_000,
    output_sandbox: ['std.out', 'std.err', '*.log'],
    ...more,
  };
}

/** Reserves ids of a sequence of the database; gives the first. */
export async function takeIds(world, sequence, count) {
  const first = await world.number('SELECT next_id FROM sequences WHERE name = ?', [sequence]);
  await world.query('UPDATE sequences SET next_id = next_id + ? WHERE name = ?', [count, sequence]);
  return first;
}

/** Inserts rows, some thousand per statement. */
export async function insertRows(world, table, columns, rows) {
  for (const part of partsOf(rows, perStatement))
    await world.query(`INSERT INTO ${table} (${columns.join(', ')}) VALUES ?`, [part]);
}

function partsOf(values, size) {
  return Array.from({ length: Math.ceil(values.length / size) }, (_, at) => values.slice(at * size, (at + 1) * size));
}

/** Pilots that run and separate payloads, in their order at `placeOf(index)`; gives their stamps. */
export async function insertPilots(world, prefix, count, placeOf = () => place) {
  const stamps = Array.from(
    { length: count },
    (_, index) => prefix + index.toString(16).padStart(32 - prefix.length, '0'),
  );
  const columns = ['stamp', 'vo', 'site', 'ce', 'queue', 'status', 'isolation', 'processors'];
  await insertRows(
    world,
    'pilots',
    columns,
    stamps.map((stamp, index) => {
      const { site, ce, queue } = placeOf(index);
      return [stamp, group.vo, site, ce, queue, 'Running', 'bubblewrap', 1];
    }),
  );
  return stamps;
}

/** Task queues of `owners` users with the ten requirement classes each; gives `{ id, description, owner, group, … }`. */
export async function insertTaskQueues(world, owners) {
  const descriptions = cpuWorks.map((cpu_work) => JobDescription.parse(aDescription({ cpu_work, priority: 1 })));
  return await insertQueues(
    world,
    owners.flatMap((owner) => descriptions.map((description) => ({ owner, group: group.group, description }))),
  );
}

/** A task queue for each `{ owner, group, description }`, no two alike; gives them with ids of queue and description. */
export async function insertQueues(world, wanted) {
  const hashes = new Map();
  for (const { description } of wanted)
    if (!hashes.has(description)) hashes.set(description, hashOf(requirementsOf(description)));
  for (const part of partsOf([...hashes], 500))
    await world.query('INSERT IGNORE INTO requirement_classes (hash, requirements) VALUES ?', [
      part.map(([description, hash]) => [hash, JSON.stringify(requirementsOf(description))]),
    ]);
  const known = await world.query('SELECT class_id, hash FROM requirement_classes');
  const idOf = new Map(known.map(({ class_id, hash }) => [hash, class_id]));
  const classOf = ({ description }) => idOf.get(hashes.get(description));
  await insertRows(
    world,
    'task_queues',
    ['class_id', 'vo', 'owner_group', 'owner_subject', 'owner'],
    wanted.map((queue) => [classOf(queue), group.vo, queue.group, subjectOf(queue.owner), queue.owner]),
  );
  const rows = await world.query('SELECT task_queue_id, class_id, owner_group, owner FROM task_queues WHERE vo = ?', [
    group.vo,
  ]);
  const queueIds = new Map(rows.map((row) => [`${row.class_id} ${row.owner_group} ${row.owner}`, row.task_queue_id]));
  const first = await takeIds(world, 'job_descriptions', wanted.length);
  const queues = wanted.map((queue, index) => ({
    ...queue,
    id: queueIds.get(`${classOf(queue)} ${queue.group} ${queue.owner}`),
    descriptionId: first + index,
  }));
  await insertRows(
    world,
    'job_descriptions',
    ['description_id', 'vo', 'document'],
    queues.map(({ descriptionId, description }) => [descriptionId, group.vo, JSON.stringify(description)]),
  );
  return queues;
}

const jobColumns = [
  'job_id', 'vo', 'owner_subject', 'owner', 'owner_group', 'description_id', 'task_queue_id', 'waiting_in', 'status',
  'minor_status', 'job_name', 'job_type', 'job_group', 'site', 'user_priority', 'attempt', 'submission_time', 'last_update_time',
]; // prettier-ignore

/** So many jobs are sent to the database; more are copied there, which is many times faster. */
const perBlock = 100_000;
const perCopy = 400_000;

/**
 * Jobs spread evenly over task queues, all in one state or as `statusOf(index)` says, which repeats every 100,000 jobs;
 * gives the first id.
 */
export async function insertJobs(world, queues, { count, statusOf, attempt = 0 }) {
  const first = await takeIds(world, 'jobs', count);
  const [{ now }] = await world.query('SELECT CAST(NOW(6) AS CHAR) AS now');
  const block = Math.min(count, perBlock);
  for (let start = 0; start < block; start += perStatement) {
    const rows = Array.from({ length: Math.min(perStatement, block - start) }, (_, at) => {
      const { id, descriptionId, description, owner } = queues[(start + at) % queues.length];
      const status = statusOf(start + at);
      return [
        first + start + at, group.vo, subjectOf(owner), owner, group.group, descriptionId, id, status === 'Waiting' ? id : null,
        status, `in ${status}`, description.job_name, description.job_type, description.job_group,
        status === 'Waiting' ? 'ANY' : place.site, 1, attempt, now, now,
      ]; // prettier-ignore
    });
    await insertRows(world, 'jobs', jobColumns, rows);
  }
  const copied = jobColumns.slice(1).join(', ');
  for (let done = block; done < count;) {
    const size = Math.min(count - done, perCopy, done);
    await world.query(
      `INSERT INTO jobs (job_id, ${copied}) SELECT job_id + ?, ${copied} FROM jobs WHERE job_id >= ? AND job_id < ?`,
      [done, first, first + size],
    );
    done += size;
  }
  return first;
}

/** Running jobs held by these pilots, so many each; gives `{ stamp, jobId }` with attempt 1. */
export async function insertHeldJobs(world, stamps, { each, owner }) {
  const queues = await insertTaskQueues(world, [owner]);
  const first = await insertJobs(world, queues, { count: stamps.length * each, statusOf: () => 'Running', attempt: 1 });
  const held = stamps.flatMap((stamp, at) =>
    Array.from({ length: each }, (_, n) => ({ stamp, jobId: first + at * each + n })),
  );
  const [{ now, later }] = await world.query(
    'SELECT CAST(NOW(6) AS CHAR) AS now, CAST(NOW(6) + INTERVAL 1 DAY AS CHAR) AS later',
  );
  await insertRows(
    world,
    'attempts',
    [
      'job_id',
      'attempt',
      'claimed_at',
      'vo',
      'pilot_stamp',
      'claim_id',
      'site',
      'ce',
      'processors',
      'memory',
      'configuration_version',
      'started_at',
    ],
    held.map(({ stamp, jobId }) => [
      jobId,
      1,
      now,
      group.vo,
      stamp,
      `bench-${jobId}`,
      place.site,
      place.ce,
      1,
      2_000,
      1,
      now,
    ]),
  );
  await insertRows(
    world,
    'leases',
    ['job_id', 'attempt', 'claimed_at', 'vo', 'pilot_stamp', 'expires_at'],
    held.map(({ stamp, jobId }) => [jobId, 1, now, group.vo, stamp, later]),
  );
  return { held, first };
}

/** Counts what was inserted past the server, and lets the database write its statistics anew. */
export async function analyse(world) {
  await new JobCounts(world.database).repair();
  await world.query('ANALYZE TABLE jobs, leases, attempts, task_queues, pilots');
}
