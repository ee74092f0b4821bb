import { expect } from '@jest/globals';
import type { RouteCall, RouteCase, RouteWorld } from '../../support/route-world.js';

/** Somebody's call about a job of alice. */
function aboutJob(who: (world: RouteWorld) => string, more: (world: RouteWorld) => Promise<RouteCall> | RouteCall) {
  return async (world: RouteWorld): Promise<RouteCall> => {
    const { params, ...given } = await more(world);
    return { token: who(world), params: { id: await world.job(), ...params }, ...given };
  };
}
const alice = (world: RouteWorld): string => world.alice();
const bob = (world: RouteWorld): string => world.bob();
const elsewhere = (world: RouteWorld): string => world.foreignAdmin();
const nothing = (): RouteCall => ({});
const ofInput = (): RouteCall => ({ params: { kind: 'input' } });
const withPfn = async (world: RouteWorld): Promise<RouteCall> => ({ body: await world.stored() });

const ids = async (world: RouteWorld): Promise<RouteCall> => ({ body: { job_ids: [await world.job()] } });

export const sandboxCases: Record<string, RouteCase> = {
  'sandboxes.initiate': {
    success: (world) => ({ token: world.alice(), body: world.announcement() }),
    refusal: {
      call: (world) => ({ token: world.alice(), body: { ...world.announcement(), size: 200_000_000 } }),
      code: 'sandbox-too-large',
    },
    foreign: 'a sandbox belongs to the user of the token; equal bytes of another user have another name',
  },
  'sandboxes.download': {
    success: async (world) => ({ token: world.alice(), query: { pfn: await world.stored() } }),
    refusal: {
      call: async (world) => ({ token: world.bob(), query: { pfn: await world.stored() } }),
      code: 'forbidden',
    },
    foreign: {
      call: async (world) => ({ token: world.foreignAdmin(), query: { pfn: await world.stored() } }),
      expected: { status: 400, code: 'sandbox-not-found' },
    },
  },
  'sandboxes.ofJob': {
    success: aboutJob(alice, nothing),
    refusal: { call: aboutJob(bob, nothing), code: 'forbidden' },
    foreign: {
      call: aboutJob(elsewhere, nothing),
      expected: { status: 200, body: { Input: [null], Output: [null] } },
    },
  },
  'sandboxes.ofJobByKind': {
    success: aboutJob(alice, ofInput),
    refusal: { call: aboutJob(alice, () => ({ params: { kind: 'other' } })), code: 'invalid-request' },
    foreign: { call: aboutJob(elsewhere, ofInput), expected: { status: 200, body: [null] } },
  },
  'sandboxes.assign': {
    success: aboutJob(alice, withPfn),
    refusal: {
      call: aboutJob(alice, async (world) => ({ body: (await world.announced()).pfn })),
      code: 'sandbox-not-found',
    },
    foreign: { call: aboutJob(elsewhere, withPfn), expected: { status: 404, code: 'job-not-found' } },
  },
  'sandboxes.unassign': {
    success: aboutJob(alice, nothing),
    refusal: { call: aboutJob(bob, nothing), code: 'forbidden' },
    foreign: { call: aboutJob(elsewhere, nothing), expected: { status: 404, code: 'job-not-found' } },
  },
  'sandboxes.unassignBulk': {
    success: async (world) => ({ token: world.alice(), ...(await ids(world)) }),
    refusal: { call: async (world) => ({ token: world.bob(), ...(await ids(world)) }), code: 'forbidden' },
    foreign: {
      call: async (world) => ({ token: world.foreignAdmin(), ...(await ids(world)) }),
      expected: { status: 404, code: 'job-not-found' },
    },
  },
  'objects.upload': {
    success: async (world) => {
      const { url, form } = await world.announced();
      return { url, body: form };
    },
    refusal: {
      call: async (world) => {
        const { url, form } = await world.announced();
        form.set('file', new Blob(['something else']), 'sandbox');
        return { url, body: form };
      },
      code: 'sandbox-mismatch',
    },
    foreign: 'whoever holds the signed form may upload those bytes, and nothing else',
  },
  'objects.download': {
    success: async (world) => {
      const pfn = await world.stored();
      const { body } = await world.callByName('sandboxes.download', { token: world.alice(), query: { pfn } });
      return { url: (body as { url: string }).url };
    },
    refusal: { call: () => ({ query: { key: 'x', expires: 1, signature: 'x' } }), code: 'url-expired' },
    foreign: 'whoever holds the signed URL may fetch those bytes, and nothing else',
  },
  'execution.inputs': {
    success: async (world) => ({ token: (await world.held()).token }),
    refusal: {
      call: async (world) => {
        const { jobId, stamp } = await world.held();
        return { token: world.server.tokens.forAttempt({ vo: 'lhcb', stamp, jobId, attempt: 9 }, 600).token };
      },
      code: 'attempt-ended',
    },
    foreign: {
      call: async (world) => ({ token: world.foreignHolder(await world.held()) }),
      expected: { status: 409, code: 'attempt-ended' },
    },
  },
  'execution.outputs': {
    success: async (world) => ({ token: (await world.held()).token, body: world.announcement() }),
    refusal: { call: async (world) => ({ token: (await world.held()).token, body: {} }), code: 'invalid-request' },
    foreign: {
      call: async (world) => ({ token: world.foreignHolder(await world.held()), body: world.announcement() }),
      expected: { status: 409, code: 'attempt-ended' },
    },
  },
  'execution.assignOutputs': {
    success: async (world) => ({ token: (await world.held()).token, body: { pfn: await world.stored() } }),
    refusal: {
      call: async (world) => ({ token: (await world.held()).token, body: { pfn: (await world.announced()).pfn } }),
      code: 'sandbox-not-found',
    },
    foreign: {
      call: async (world) => ({
        token: world.foreignHolder(await world.held()),
        body: { pfn: await world.stored() },
      }),
      expected: { status: 409, code: 'attempt-ended', body: expect.any(Object) },
    },
  },
};
