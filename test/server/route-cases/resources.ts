import type { RouteCase } from '../../support/route-world.js';

const site = { kind: 'site', name: 'Demo.Local' };
const reason = 'the cooling has failed';

/** The status of resources; for biomed only, so that the other routes find everything open. */
export const resourceCases: Record<string, RouteCase> = {
  'resources.list': {
    success: ({ alice }) => ({ token: alice(), query: { kind: 'site' } }),
    refusal: { call: ({ alice }) => ({ token: alice(), query: { kind: 'planet' } }), code: 'invalid-request' },
    foreign: {
      call: ({ zoe }) => ({ token: zoe(), query: { vo: 'lhcb' } }),
      expected: { status: 403, code: 'forbidden' },
    },
  },
  'resources.set': {
    success: ({ foreignAdmin }) => ({
      token: foreignAdmin(),
      body: { resources: [site], status: 'Degraded', reason, expires_in: 60 },
    }),
    refusal: {
      call: ({ admin }) => ({
        token: admin(),
        body: { resources: [{ kind: 'site', name: 'Nowhere' }], status: 'Banned', reason },
      }),
      code: 'unknown-resource',
    },
    foreign: {
      call: ({ server }) => ({
        token: server.tokenFor({ vo: 'biomed', group: 'biomed_jobs', user: 'yves' }),
        body: { resources: [site], status: 'Banned', reason, vo: 'lhcb' },
      }),
      expected: { status: 403, code: 'forbidden' },
    },
  },
  'resources.clear': {
    success: ({ foreignAdmin }) => ({ token: foreignAdmin(), body: { resources: [site], reason: 'repaired' } }),
    refusal: { call: ({ admin }) => ({ token: admin(), body: { resources: [site] } }), code: 'invalid-request' },
    foreign: {
      call: ({ server }) => ({
        token: server.tokenFor({ vo: 'biomed', group: 'biomed_jobs', user: 'yves' }),
        body: { resources: [site], reason, vo: null },
      }),
      expected: { status: 403, code: 'forbidden' },
    },
  },
  'resources.history': {
    success: ({ alice }) => ({ token: alice(), query: { kind: 'site', name: 'Demo.Local' } }),
    refusal: { call: ({ alice }) => ({ token: alice(), query: { before: 0 } }), code: 'invalid-request' },
    foreign: {
      call: ({ bob }) => ({ token: bob() }),
      // All that the calls above have changed is for biomed.
      expected: { status: 200, body: { changes: [], next: null } },
    },
  },
};
