import { randomUUID } from 'node:crypto';

/**
 * Each request claims jobs for the next pilot: one for a core, or `batch` for as many. The
 * summary has the ids of all jobs that were given.
 */
export function loadOf({ pilots: tokens, batch }) {
  const claimed = [];
  let turn = 0;
  const offer = { processors: batch, memory: 64_000, cpu_work_left: 8_000_000, wall_left: 800_000, idle: true };
  return {
    next() {
      const token = tokens[turn++ % tokens.length];
      const body = { claim_id: randomUUID(), offer, max_jobs: batch };
      return { method: 'POST', path: '/api/pilots/self/claim', token, body, units: batch };
    },
    accept({ status, body }) {
      if (status !== 200) throw new Error(`claim: ${status} ${body}`);
      const { jobs } = JSON.parse(body);
      for (const { job_id } of jobs) claimed.push(job_id);
      return jobs.length;
    },
    summary: () => claimed,
  };
}
