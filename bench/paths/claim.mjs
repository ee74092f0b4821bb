import { randomUUID } from 'node:crypto';
import { inTransaction } from '../load/transaction.mjs';
import { analyse, insertJobs, insertPilots, insertTaskQueues } from '../rows.mjs';
import { group, place } from '../world.mjs';

export const unit = 'claims';
const pilots = 2_000;
const perBatch = 50;

/** Waiting jobs in a thousand task queues (a hundred owners, ten requirement classes), and pilots that fit all of them. */
export async function prepare(world, { waiting }) {
  const owners = Array.from({ length: 100 }, (_, index) => `claimer${index}`);
  const queues = await insertTaskQueues(world, owners);
  const first = await insertJobs(world, queues, { count: waiting, statusOf: () => 'Waiting' });
  const stamps = await insertPilots(world, 'c1', pilots);
  await analyse(world);
  const load = { pilots: stamps.map((stamp) => world.pilotToken(stamp)) };
  return { load, raw: { queues: queues.map(({ id }) => id), stamp: stamps[0] }, first, waiting };
}

/** Each request claims one job for the next pilot. */
export function loadOf({ pilots: tokens }) {
  const claimed = [];
  let turn = 0;
  const offer = { processors: 1, memory: 16_000, cpu_work_left: 8_000_000, wall_left: 800_000, idle: true };
  return {
    next() {
      const token = tokens[turn++ % tokens.length];
      const body = { claim_id: randomUUID(), offer, max_jobs: 1 };
      return { method: 'POST', path: '/api/pilots/self/claim', token, body, units: 1 };
    },
    accept({ status, body }) {
      if (status !== 200) throw new Error(`claim: ${status} ${body}`);
      const { jobs } = JSON.parse(body);
      if (jobs.length !== 1) throw new Error(`a claim got ${jobs.length} jobs`);
      claimed.push(jobs[0].job_id);
    },
    summary: () => claimed,
  };
}

/** No job was given twice, and the database holds one attempt and one lease for each that was given and no other. */
export async function verify(world, { first, waiting }, { summary: claimed }) {
  const problems = [];
  const distinct = new Set(claimed).size;
  if (distinct !== claimed.length) problems.push(`${claimed.length - distinct} jobs were given twice`);
  const within = [first, first + waiting];
  const range = 'job_id >= ? AND job_id < ?';
  const counts = {
    'Matched jobs': await world.number(
      `SELECT COUNT(*) FROM jobs WHERE ${range} AND status = 'Matched' AND attempt = 1`,
      within,
    ),
    attempts: await world.number(`SELECT COUNT(*) FROM attempts WHERE ${range}`, within),
    leases: await world.number(`SELECT COUNT(*) FROM leases WHERE ${range}`, within),
    'history entries': await world.number(`SELECT COUNT(*) FROM job_history WHERE ${range}`, within),
  };
  for (const [name, count] of Object.entries(counts))
    if (count !== claimed.length)
      problems.push(`${claimed.length} claims were answered, but there are ${count} ${name}`);
  return problems;
}

/** Fifty jobs of one task queue per transaction, on two connections: lock, update, attempts, leases, history. */
export function rawOf({ queues, stamp }) {
  let turn = 0;
  return {
    connections: 2,
    async write(connection) {
      for (let tries = 0; tries < queues.length; tries += 1) {
        const taken = await inTransaction(connection, () => take(connection, queues[turn++ % queues.length], stamp));
        if (taken > 0) return taken;
      }
      return null;
    },
  };
}

async function take(connection, queue, stamp) {
  const [rows] = await connection.query(
    `SELECT job_id FROM jobs FORCE INDEX (claimable) WHERE waiting_in = ?
     ORDER BY user_priority DESC, job_id LIMIT ${perBatch} FOR UPDATE SKIP LOCKED`,
    [queue],
  );
  if (rows.length === 0) return 0;
  const ids = rows.map(({ job_id }) => job_id);
  await connection.query(
    `UPDATE jobs SET status = 'Matched', minor_status = 'Assigned', site = ?, attempt = attempt + 1, waiting_in = NULL,
     last_update_time = NOW(6) WHERE job_id IN (?)`,
    [place.site, ids],
  );
  const now = new Date().toISOString().replace('T', ' ').replace('Z', '');
  await connection.query(
    `INSERT INTO attempts (job_id, attempt, claimed_at, vo, pilot_stamp, claim_id, site, ce, processors, memory, configuration_version) VALUES ?`,
    [ids.map((id) => [id, 1, now, group.vo, stamp, randomUUID(), place.site, place.ce, 1, 0, 1])],
  );
  await connection.query('INSERT INTO leases (job_id, attempt, claimed_at, vo, pilot_stamp, expires_at) VALUES ?', [
    ids.map((id) => [id, 1, now, group.vo, stamp, '2100-01-01']),
  ]);
  await connection.query(
    'INSERT INTO job_history (job_id, vo, attempt, status, minor_status, application_status, source, status_time) VALUES ?',
    [ids.map((id) => [id, group.vo, 1, 'Matched', 'Assigned', 'Unknown', 'Matcher', now])],
  );
  return ids.length;
}
