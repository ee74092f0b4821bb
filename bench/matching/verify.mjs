import { group } from '../world.mjs';

/**
 * What is wrong: no job may have been given twice; jobs that left the queue, attempts, leases and lines of history must be
 * exactly those of the jobs that were given, one of each.
 */
export async function verifyClaims(world, { first, count }, claimed) {
  const problems = [];
  const given = new Set(claimed);
  if (given.size !== claimed.length) problems.push(`${claimed.length - given.size} jobs were given twice`);
  const within = 'vo = ? AND job_id >= ? AND job_id < ?';
  const tables = {
    'Matched jobs': `SELECT job_id FROM jobs WHERE ${within} AND status = 'Matched' AND attempt = 1 AND waiting_in IS NULL`,
    attempts: `SELECT job_id FROM attempts WHERE ${within} AND attempt = 1`,
    leases: `SELECT job_id FROM leases WHERE ${within} AND attempt = 1`,
    'lines of history': `SELECT job_id FROM job_history WHERE ${within} AND attempt = 1 AND status = 'Matched'`,
  };
  for (const [name, sql] of Object.entries(tables)) {
    const ids = (await world.query(sql, [group.vo, first, first + count])).map(({ job_id }) => job_id);
    const foreign = ids.filter((id) => !given.has(id)).length;
    if (ids.length !== given.size || foreign > 0 || new Set(ids).size !== ids.length)
      problems.push(
        `${given.size} jobs were given, but there are ${ids.length} ${name}, ${foreign} of them of other jobs`,
      );
  }
  const left = await world.number("SELECT COUNT(*) FROM jobs WHERE vo = ? AND status = 'Waiting'", [group.vo]);
  if (left !== count - given.size) problems.push(`${count - given.size} jobs should wait still, ${left} do`);
  return problems;
}
