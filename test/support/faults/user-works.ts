import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { jobs, sandboxes } from '../../../src/contract/index.js';
import type { Work } from './work.js';
import { workOf } from './work.js';
import { type FaultWorld, send, sha256 } from './world.js';

/** Jobs of these tests that no pilot shall claim. */
const unclaimable = { executable: '/bin/true', tags: ['offered-by-nobody'] };

/** A call of one job, under a key. */
export function oneJob(world: FaultWorld): Promise<Work> {
  // Requirements that are new, so that their task queue is new too.
  const tags = [`offered-by-nobody-${randomUUID()}`];
  return submission(world, (job_name) => [{ ...unclaimable, job_name, tags }], 1);
}

/** A call of many jobs, parametric ones and some with an input sandbox among them, under a key. */
export async function manyJobs(world: FaultWorld): Promise<Work> {
  const checksum = sha256(randomUUID());
  const body = { checksum_algorithm: 'sha256' as const, checksum, size: 10, format: 'tar.gz' as const };
  const { pfn } = await send(world.url, { endpoint: sandboxes.initiate, input: { body }, token: world.userToken() });
  const parametric = { values: { count: 12 } };
  return submission(
    world,
    (job_name) => [
      { ...unclaimable, job_name, parametric },
      ...Array.from({ length: 10 }, (_, index) => ({ ...unclaimable, job_name, priority: index % 3 })),
      { ...unclaimable, job_name, input_sandbox: [pfn] },
    ],
    23,
  );
}

async function submission(world: FaultWorld, describe: (name: string) => object[], count: number): Promise<Work> {
  const name = `submission-${randomUUID()}`;
  const stored = async (): Promise<number[]> => {
    const rows = await world.database.query<{ job_id: number }>(
      'SELECT job_id FROM jobs WHERE job_name = ? ORDER BY job_id',
      [name],
    );
    return rows.map(({ job_id }) => job_id);
  };
  const headers = { 'idempotency-key': randomUUID() };
  const input = { body: { jobs: describe(name) } };
  return workOf(
    { endpoint: jobs.submit, input, token: world.userToken(), headers },
    {
      isDone: async () => (await stored()).length === count,
      async check(reply) {
        const { jobs: accepted } = reply as { jobs: { JobID: number }[] };
        assert.deepEqual(
          accepted.map(({ JobID }) => JobID),
          await stored(),
        );
        assert.equal(accepted.length, count);
      },
    },
  );
}

/** A kill of a running job. */
export async function kill(world: FaultWorld): Promise<Work> {
  const [attempt] = await world.hold();
  const id = attempt?.job_id;
  const commands = () =>
    world.database.query(
      "SELECT c.command_id FROM job_commands c JOIN jobs j USING (job_id) WHERE job_id = ? AND j.status = 'Killed'",
      [id],
    );
  const isDone = async (): Promise<boolean> => (await commands()).length > 0;
  return workOf(
    { endpoint: jobs.kill, input: { body: { job_ids: [Number(id)] } }, token: world.userToken() },
    { isDone, check: async () => assert.ok(await isDone()) },
  );
}
