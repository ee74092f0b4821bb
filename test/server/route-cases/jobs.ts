import { expect } from '@jest/globals';
import type { RouteCall, RouteCase, RouteWorld } from '../../support/route-world.js';

const now = (): string => new Date().toISOString();
const unknown = 999_999_999;

/** A route about one job, named in the path. */
function aboutOne(foreign: RouteCase['foreign'] = notFound): RouteCase {
  return {
    success: async (world) => ({ token: world.alice(), params: { id: await world.job() } }),
    refusal: { call: ({ alice }) => ({ token: alice(), params: { id: 0 } }), code: 'invalid-request' },
    foreign,
  };
}
const notFound: RouteCase['foreign'] = {
  call: async (world) => ({ token: world.foreignAdmin(), params: { id: await world.job() } }),
  expected: { status: 404, code: 'job-not-found' },
};

/** A search that would find the job of alice. */
async function searchForJob(world: RouteWorld, token: string): Promise<RouteCall> {
  return { token, body: { search: [{ parameter: 'JobID', operator: 'eq', value: await world.job() }] } };
}

/** A call of a bulk route about the job of alice, as an administrator of another VO sends it. */
function fromElsewhere(bodyOf: (id: number) => unknown) {
  return async (world: RouteWorld): Promise<RouteCall> => ({
    token: world.foreignAdmin(),
    body: bodyOf(await world.job()),
  });
}
function own(bodyOf: (id: number) => unknown) {
  return async (world: RouteWorld): Promise<RouteCall> => ({ token: world.alice(), body: bodyOf(await world.job()) });
}
function bobs(bodyOf: (id: number) => unknown): RouteCase['refusal'] {
  return { call: async (world) => ({ token: world.bob(), body: bodyOf(await world.job()) }), code: 'forbidden' };
}

const killed = (id: number) => ({ [id]: { [now()]: { Status: 'Killed' } } });
const byIds = (id: number) => ({ job_ids: [id] });
const beat = (id: number) => ({ [id]: { LoadAverage: 1 } });
const labels = (id: number) => ({ [id]: { JobName: 'renamed' } });
const nobodys = { success: {}, failed: expect.any(Object) };

/** A call about the task queue of a job of alice. */
async function taskQueueOf(world: RouteWorld, token: string): Promise<RouteCall> {
  const [row] = await world.server.database.query<{ id: number }>(
    'SELECT task_queue_id AS id FROM jobs WHERE job_id = ?',
    [await world.job()],
  );
  return { token, params: { id: row?.id ?? 0 } };
}

export const jobCases: Record<string, RouteCase> = {
  'jobs.submitJdl': {
    success: ({ alice }) => ({ token: alice(), body: ['Executable = "x";'] }),
    refusal: { call: ({ alice }) => ({ token: alice(), body: ['Executable = '] }), code: 'jdl-syntax' },
    foreign: 'a job belongs to the VO of the token, whatever its description says',
  },
  'jobs.submit': {
    success: ({ alice }) => ({ token: alice(), body: { jobs: [{ executable: 'x' }] } }),
    refusal: { call: ({ alice }) => ({ token: alice(), body: { jobs: [{}] } }), code: 'invalid-description' },
    foreign: {
      // The sandbox of somebody in another VO is unknown.
      call: async (world) => ({
        token: world.zoe(),
        body: { jobs: [{ executable: 'x', input_sandbox: [await world.stored()] }] },
      }),
      expected: { status: 400, code: 'invalid-description' },
    },
  },
  'jobs.search': {
    success: (world) => searchForJob(world, world.alice()),
    refusal: {
      call: ({ alice }) => ({ token: alice(), body: { sort: [{ parameter: 'Mood', direction: 'asc' }] } }),
      code: 'unknown-column',
    },
    foreign: { call: (world) => searchForJob(world, world.foreignAdmin()), expected: { status: 200, body: [] } },
  },
  'jobs.summary': {
    success: ({ alice }) => ({ token: alice(), body: { grouping: ['Status'] } }),
    refusal: { call: ({ alice }) => ({ token: alice(), body: { grouping: ['Mood'] } }), code: 'unknown-column' },
    foreign: {
      call: async (world) => ({ ...(await searchForJob(world, world.foreignAdmin())), body: { grouping: ['VO'] } }),
      expected: { status: 200, body: [] },
    },
  },
  'jobs.list': {
    success: (world) => searchForJob(world, world.alice()),
    refusal: { call: ({ alice }) => ({ token: alice(), body: { cursor: 'nonsense' } }), code: 'invalid-cursor' },
    foreign: {
      call: (world) => searchForJob(world, world.foreignAdmin()),
      expected: { status: 200, body: { jobs: [], next: null, total: null } },
    },
  },
  'jobs.setStatus': {
    success: own(killed),
    refusal: bobs(killed),
    foreign: { call: fromElsewhere(killed), expected: { status: 404, code: 'job-not-found' } },
  },
  'jobs.heartbeat': {
    success: own(beat),
    refusal: bobs(beat),
    foreign: { call: fromElsewhere(beat), expected: { status: 200, body: [] } },
  },
  'jobs.reschedule': {
    success: own(byIds),
    refusal: bobs(byIds),
    foreign: { call: fromElsewhere(byIds), expected: { status: 400, code: 'not-reschedulable' } },
  },
  'jobs.setMetadata': {
    success: own(labels),
    refusal: {
      call: async (world) => ({ token: world.alice(), body: { [await world.job()]: { Owner: 'bob' } } }),
      code: 'protected-attribute',
    },
    // DiracX's answer for jobs that an administrator does not know.
    foreign: { call: fromElsewhere(labels), expected: { status: 204 } },
  },
  'jobs.kill': {
    success: own(byIds),
    refusal: { call: ({ alice }) => ({ token: alice(), body: { job_ids: [] } }), code: 'invalid-request' },
    foreign: { call: fromElsewhere(byIds), expected: { status: 200, body: nobodys } },
  },
  'jobs.delete': {
    success: own(byIds),
    refusal: {
      call: ({ alice }) => ({ token: alice(), body: { job_ids: Array.from({ length: 10_001 }, (_, i) => i + 1) } }),
      code: 'too-many-jobs',
    },
    foreign: { call: fromElsewhere(byIds), expected: { status: 200, body: nobodys } },
  },
  'jobs.find': {
    ...aboutOne(),
    refusal: { call: ({ alice }) => ({ token: alice(), params: { id: unknown } }), code: 'job-not-found' },
  },
  'jobs.jdl': aboutOne(),
  'jobs.peek': {
    ...aboutOne(),
    success: async (world) => ({ token: world.alice(), params: { id: (await world.held()).jobId } }),
  },
  'pilots.ofJob': aboutOne(),
  'explain.job': aboutOne(),
  'explain.taskQueue': {
    success: (world) => taskQueueOf(world, world.alice()),
    refusal: { call: ({ alice }) => ({ token: alice(), params: { id: unknown } }), code: 'task-queue-not-found' },
    foreign: {
      call: (world) => taskQueueOf(world, world.foreignAdmin()),
      expected: { status: 404, code: 'task-queue-not-found' },
    },
  },
};
