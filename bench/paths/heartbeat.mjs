import { inTransaction } from '../load/transaction.mjs';
import { analyse, insertHeldJobs, insertPilots } from '../rows.mjs';

export const unit = 'attempts';
const pilots = 512;
const each = 50;
const perBatch = 500;

/** Pilots that hold fifty running jobs each. */
export async function prepare(world) {
  const stamps = await insertPilots(world, 'be', pilots);
  const { held, first } = await insertHeldJobs(world, stamps, { each, owner: 'heartbeat' });
  await analyse(world);
  const load = stamps.map((stamp, at) => ({
    token: world.pilotToken(stamp),
    jobs: held.slice(at * each, (at + 1) * each).map(({ jobId }) => jobId),
  }));
  return { load, raw: { ids: held.map(({ jobId }) => jobId) }, first, count: held.length };
}

/** Each request renews the fifty leases of the next pilot and says what its payloads use. */
export function loadOf(beats) {
  const last = new Map();
  const turns = [];
  return {
    next(connection) {
      // A pilot sends one heartbeat after the other: connections share the pilots out.
      const stride = 64;
      const turn = (turns[connection] ?? 0) + 1;
      turns[connection] = turn;
      const { token, jobs } = beats[(connection + turn * stride) % beats.length];
      const metrics = {
        LoadAverage: 1.02,
        MemoryUsed: 1_850,
        Vsize: 2_900,
        CPUConsumed: turn,
        WallClockTime: turn + 3,
      };
      const attempts = jobs.map((job_id) => ({ job_id, attempt: 1, metrics }));
      const memory = { jobs, turn };
      return { method: 'POST', path: '/api/pilots/self/heartbeat', token, body: { attempts }, units: each, memory };
    },
    accept({ status, body }, { jobs, turn }) {
      if (status !== 200) throw new Error(`heartbeat: ${status} ${body}`);
      const { attempts } = JSON.parse(body);
      if (!attempts.every(({ outcome }) => outcome === 'renewed')) throw new Error('a lease was not renewed');
      for (const jobId of jobs) last.set(jobId, turn);
    },
    summary: () => last,
  };
}

/** Every lease shows the numbers of its last heartbeat, and every job has a time of it. */
export async function verify(world, { first, count }, { summary: last }) {
  const rows = await world.query(
    `SELECT l.job_id, l.metrics, j.heart_beat_time FROM leases l JOIN jobs j USING (job_id) WHERE l.job_id >= ? AND l.job_id < ?`,
    [first, first + count],
  );
  const wrong = rows.filter(({ job_id, metrics, heart_beat_time }) => {
    const turn = last.get(job_id);
    if (turn === undefined) return metrics !== null;
    return heart_beat_time === null || JSON.parse(metrics).CPUConsumed !== turn;
  }).length;
  return rows.length === count && wrong === 0 ? [] : [`${wrong} of ${count} leases do not show their last heartbeat`];
}

/** Five hundred leases per transaction, on two connections: the leases and the time in the job rows. */
export function rawOf({ ids }) {
  const halves = [ids.slice(0, ids.length / 2), ids.slice(ids.length / 2)];
  const metrics = JSON.stringify({
    LoadAverage: 1.02,
    MemoryUsed: 1_850,
    Vsize: 2_900,
    CPUConsumed: 1,
    WallClockTime: 4,
  });
  let turn = 0;
  return {
    connections: 2,
    async write(connection, index) {
      turn += 1;
      const mine = halves[index];
      const start = (turn * perBatch) % (mine.length - perBatch);
      const part = mine.slice(start, start + perBatch);
      await inTransaction(connection, async () => {
        await connection.query(
          'UPDATE leases SET expires_at = NOW(6) + INTERVAL 1 DAY, metrics = ? WHERE job_id IN (?)',
          [metrics.replace(':1,', `:${turn},`), part],
        );
        await connection.query('UPDATE jobs SET heart_beat_time = NOW(6) WHERE job_id IN (?)', [part]);
      });
      return part.length;
    },
  };
}
