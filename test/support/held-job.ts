import type { Stages } from './stages.js';

/** A stamp of a pilot of a test. */
export const aStamp = 'a'.repeat(32);

/** Puts a waiting job into the hands of a pilot, as a claim does: a new attempt with a lease. Returns the attempt. */
export async function holdJob({ jobs }: Stages, jobId: number, stamp = aStamp): Promise<number> {
  return jobs.change(async (tx, effects) => {
    const row = (await jobs.lock(tx, [jobId])).get(jobId);
    if (row === undefined || row.waiting_in === null) throw new Error(`Job ${jobId} cannot be claimed`);
    const attempt = row.attempt + 1;
    await jobs.move(tx, effects, [{ jobId, to: 'Matched', minor: 'Assigned', source: 'Matcher' }]);
    await tx.execute('UPDATE jobs SET attempt = ? WHERE job_id = ?', [attempt, jobId]);
    await tx.execute(
      `INSERT INTO attempts (job_id, attempt, claimed_at, vo, pilot_stamp, claim_id, site, ce, processors, memory, configuration_version)
       VALUES (?, ?, NOW(6), ?, ?, UUID(), 'Demo.Local', 'local', 1, 1000, 1)`,
      [jobId, attempt, row.vo, stamp],
    );
    await tx.execute(
      `INSERT INTO leases (job_id, attempt, claimed_at, vo, pilot_stamp, expires_at)
       VALUES (?, ?, NOW(6), ?, ?, NOW(6) + INTERVAL 10 MINUTE)`,
      [jobId, attempt, row.vo, stamp],
    );
    return attempt;
  });
}
