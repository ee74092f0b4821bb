import { randomUUID } from 'node:crypto';
import { inTransaction } from '../load/transaction.mjs';
import { group, subjectOf } from '../world.mjs';

const aheadOf = 64;

/**
 * What the database alone commits in the pattern of the claims: as many jobs and pilots per transaction as the servers
 * had, each job of another queue; the same rows locked, changed and added, by the barest statements, on two connections.
 */
export function rawOf({ queues, stamps, jobsPerCommit, claimsPerCommit }) {
  const left = queues.map((queue) => ({ ...queue, ahead: [], last: 0 }));
  let turn = 0;
  let pilot = 0;
  return {
    connections: 2,
    async write(connection) {
      const wanted = [];
      for (let tries = 0; wanted.length < jobsPerCommit && tries < left.length + jobsPerCommit; tries += 1) {
        const queue = left[turn++ % left.length];
        if (queue.ahead.length === 0) await readAhead(connection, queue);
        const id = queue.ahead.shift();
        if (id !== undefined) wanted.push({ id, queue });
      }
      if (wanted.length === 0) return null;
      const pilots = Array.from({ length: claimsPerCommit }, () => stamps[pilot++ % stamps.length]);
      return await inTransaction(connection, () => claim(connection, wanted, pilots));
    },
  };
}

async function readAhead(connection, queue) {
  const [rows] = await connection.query(
    `SELECT job_id FROM jobs FORCE INDEX (claimable) WHERE waiting_in = ? AND user_priority = 1 AND job_id > ?
     ORDER BY user_priority DESC, job_id LIMIT ${aheadOf}`,
    [queue.id, queue.last],
  );
  queue.ahead = rows.map(({ job_id }) => job_id);
  queue.last = queue.ahead.at(-1) ?? queue.last;
}

async function claim(connection, wanted, pilots) {
  await connection.query('SELECT stamp, site, ce FROM pilots WHERE stamp IN (?) ORDER BY stamp FOR UPDATE', [pilots]);
  const [rows] = await connection.query(
    `SELECT job_id, owner, owner_subject, owner_group, job_group, job_type, site FROM jobs FORCE INDEX (claimable)
     WHERE (waiting_in, user_priority, job_id) IN (?) FOR UPDATE SKIP LOCKED`,
    [wanted.map(({ id, queue }) => [queue.id, 1, id])],
  );
  const ids = rows.map(({ job_id }) => job_id);
  const site = 'Raw.Site';
  await connection.query(
    `UPDATE jobs SET status = 'Matched', minor_status = 'Assigned', site = ?, attempt = attempt + 1, waiting_in = NULL,
     last_update_time = NOW(6) WHERE job_id IN (?)`,
    [site, ids],
  );
  const now = new Date().toISOString().replace('T', ' ').replace('Z', '');
  const stampOf = (at) => pilots[at % pilots.length];
  await insert(connection, 'attempts', 'job_id, attempt, claimed_at, vo, pilot_stamp, claim_id, site, ce, processors, memory, configuration_version',
    ids.map((id, at) => [id, 1, now, group.vo, stampOf(at), randomUUID(), site, 'ce1', 1, 0, 1])); // prettier-ignore
  await insert(connection, 'leases', 'job_id, attempt, claimed_at, vo, pilot_stamp, expires_at',
    ids.map((id, at) => [id, 1, now, group.vo, stampOf(at), '2100-01-01'])); // prettier-ignore
  await insert(connection, 'job_history', 'job_id, vo, attempt, status, minor_status, application_status, source, status_time',
    ids.map((id) => [id, group.vo, 1, 'Matched', 'Assigned', 'Unknown', 'Matcher', now])); // prettier-ignore
  await insert(connection, 'job_count_deltas', 'vo, owner, owner_subject, owner_group, job_group, job_type, site, status, jobs',
    rows.flatMap(({ owner, owner_subject, owner_group, job_group, job_type }) => [
      [group.vo, owner, owner_subject, owner_group, job_group, job_type, 'ANY', 'Waiting', -1],
      [group.vo, owner, owner_subject, owner_group, job_group, job_type, site, 'Matched', 1],
    ])); // prettier-ignore
  const entities = [...new Map(wanted.map(({ queue }) => [`${queue.owner_group} ${queue.owner}`, queue])).values()];
  await insert(connection, 'share_use', 'vo, owner_group, owner_subject, used',
    entities.map(({ owner_group, owner }) => [group.vo, owner_group, subjectOf(owner), 1])); // prettier-ignore
  await connection.query(
    'UPDATE pilots SET current_job_id = ?, last_update_time = NOW(6), last_contact = NOW(6) WHERE stamp IN (?)',
    [ids[0] ?? 0, pilots],
  );
  return ids.length;
}

async function insert(connection, table, columns, rows) {
  await connection.query(`INSERT INTO ${table} (${columns}) VALUES ?`, [rows]);
}
