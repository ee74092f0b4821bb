import { expect } from '@jest/globals';
import { PilotFiles } from '../../../src/platform/index.js';
import type { RouteCase } from '../../support/route-world.js';

/** A document for everybody. */
const open: RouteCase = {
  success: () => ({}),
  refusal: { call: () => ({ method: 'DELETE' }), code: 'method-not-allowed' },
  foreign: 'it says the same to everybody, and needs no token',
};

/** What every signed-in user of any VO may read of the installation. */
const signedIn: RouteCase = {
  success: ({ alice }) => ({ token: alice() }),
  refusal: { call: () => ({ token: 'nonsense' }), code: 'invalid-token' },
  foreign: { call: ({ zoe }) => ({ token: zoe() }), expected: { status: 200 } },
};

export const documents: Record<string, RouteCase> = {
  'wellKnown.jwks': open,
  'wellKnown.metadata': open,
  'wellKnown.security': open,
  'health.live': open,
  'health.ready': open,
  'health.startup': open,
  'openapi.document': open,
  'pilotFiles.fetch': {
    success: () => {
      const { sha256, name } = new PilotFiles().bundle;
      return { params: { sha256, name } };
    },
    refusal: { call: () => ({ params: { sha256: 'x', name: 'pilotage-pilot.mjs' } }), code: 'invalid-request' },
    foreign: 'the pilot is the same for every VO, and needs no token',
  },
  'config.read': signedIn,
  'auth.userinfo': {
    ...signedIn,
    foreign: {
      call: ({ zoe }) => ({ token: zoe() }),
      expected: { status: 200, body: expect.objectContaining({ vo: 'biomed', sub: 'biomed:zoe' }) },
    },
  },
  'limits.list': {
    success: ({ admin }) => ({ token: admin() }),
    refusal: { call: ({ alice }) => ({ token: alice() }), code: 'forbidden' },
    foreign: { call: ({ foreignAdmin }) => ({ token: foreignAdmin() }), expected: { status: 200, body: [] } },
  },
  'rss.storage': signedIn,
  'rss.compute': signedIn,
  'rss.site': signedIn,
  'rss.fts': signedIn,
};
