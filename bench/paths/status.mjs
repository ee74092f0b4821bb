import { inTransaction } from '../load/transaction.mjs';
import { analyse, insertHeldJobs, insertPilots } from '../rows.mjs';
import { group } from '../world.mjs';

export const unit = 'updates';
const pilots = 500;
const each = 10;
const perBatch = 64;

/** Running jobs with leases, and a token for each attempt. */
export async function prepare(world) {
  const stamps = await insertPilots(world, '57', pilots);
  const { held, first } = await insertHeldJobs(world, stamps, { each, owner: 'status' });
  await analyse(world);
  const attempts = held.map(({ stamp, jobId }) => ({ jobId, token: world.attemptToken(stamp, jobId, 1) }));
  return { load: { attempts }, raw: { ids: held.map(({ jobId }) => jobId) }, first, count: held.length };
}

/** Each request is one report of one wrapper; no two say the same. */
export function loadOf({ attempts }) {
  const sequences = new Map();
  const turns = [];
  let answered = 0;
  return {
    next(connection) {
      // A wrapper sends one report after the other: connections share the attempts out.
      const stride = 64;
      const turn = (turns[connection] ?? 0) + 1;
      turns[connection] = turn;
      const { jobId, token } = attempts[(connection + turn * stride) % (attempts.length - (attempts.length % stride))];
      const sequence = (sequences.get(jobId) ?? 0) + 1;
      sequences.set(jobId, sequence);
      const application_status = `event ${sequence * 1_000 + (jobId % 997)}`;
      const body = { sequence, status: 'Running', minor_status: 'Application', application_status };
      return { method: 'POST', path: '/api/attempts/self/status', token, body, units: 1 };
    },
    accept({ status, body }) {
      if (status !== 204) throw new Error(`status: ${status} ${body}`);
      answered += 1;
    },
    summary: () => ({ answered, sequences }),
  };
}

/** Every report is in the history once, and each lease knows the last one. */
export async function verify(world, { first, count }, { summary: { answered, sequences } }) {
  const problems = [];
  const within = [first, first + count];
  const entries = await world.number('SELECT COUNT(*) FROM job_history WHERE job_id >= ? AND job_id < ?', within);
  if (entries !== answered) problems.push(`${answered} updates were answered, but the history has ${entries} entries`);
  const leases = await world.query('SELECT job_id, sequence FROM leases WHERE job_id >= ? AND job_id < ?', within);
  const wrong = leases.filter(({ job_id, sequence }) => sequence !== (sequences.get(job_id) ?? 0)).length;
  if (wrong > 0) problems.push(`${wrong} leases do not know their last report`);
  const told = await world.query(
    'SELECT job_id, application_status FROM jobs WHERE job_id >= ? AND job_id < ?',
    within,
  );
  const stale = told.filter(({ job_id, application_status }) => {
    const sequence = sequences.get(job_id);
    return sequence !== undefined && application_status !== `event ${sequence * 1_000 + (job_id % 997)}`;
  }).length;
  if (stale > 0) problems.push(`${stale} jobs do not show their last report`);
  return problems;
}

/** Sixty-four jobs per transaction, on two connections: job rows, sequences, history; every job gets the same text. */
export function rawOf({ ids }) {
  const halves = [ids.slice(0, ids.length / 2), ids.slice(ids.length / 2)];
  let turn = 0;
  return {
    connections: 2,
    async write(connection, index) {
      turn += 1;
      const mine = halves[index];
      const start = (turn * perBatch) % (mine.length - perBatch);
      const part = mine.slice(start, start + perBatch);
      const said = `event ${turn}`;
      await inTransaction(connection, async () => {
        await connection.query(
          'UPDATE jobs SET application_status = ?, last_update_time = NOW(6) WHERE job_id IN (?)',
          [said, part],
        );
        await connection.query('UPDATE leases SET sequence = sequence + 1 WHERE job_id IN (?)', [part]);
        await connection.query(
          `INSERT INTO job_history (job_id, vo, attempt, status, minor_status, application_status, source, status_time)
           VALUES ${part.map(() => '(?, NOW(6))').join(', ')}`,
          part.map((id) => [id, group.vo, 1, 'Running', 'Application', said, 'JobWrapper']),
        );
      });
      return part.length;
    },
  };
}
