import { randomUUID } from 'node:crypto';
import { expect } from '@jest/globals';
import { anOffer } from '../../support/matching.js';
import type { RouteCall, RouteCase, RouteWorld } from '../../support/route-world.js';

const node = {
  hostname: 'wn1',
  platform: 'x86_64-el9',
  architecture: 'x86_64',
  processors: 2,
  memory: 4_000,
  disk: 10_000,
  cpu_power: 12.5,
  benchmark_version: '1',
  isolation: 'bubblewrap',
};
const claim = () => ({ claim_id: randomUUID(), offer: { ...anOffer, idle: true }, max_jobs: 64 });
const search = (stamp: string) => ({ search: [{ parameter: 'PilotStamp', operator: 'eq', value: stamp }] });
const notFound = { status: 404, code: 'pilot-not-found' } as const;
const ofItself = 'a pilot speaks for itself alone: its stamp and VO stand in its token';

/** Somebody's call about a pilot of VO lhcb. */
function about(who: (world: RouteWorld) => string, stampOf: (world: RouteWorld) => Promise<string>) {
  return async (world: RouteWorld): Promise<RouteCall> => ({
    token: who(world),
    params: { stamp: await stampOf(world) },
  });
}
const alice = (world: RouteWorld): string => world.alice();
const elsewhere = (world: RouteWorld): string => world.foreignAdmin();
const aPilot = async (world: RouteWorld): Promise<string> => (await world.pilot()).stamp;
const sealed = (world: RouteWorld): Promise<string> => world.log(true);
const open = (world: RouteWorld): Promise<string> => world.log(false);

/** A pilot's call for itself. */
function self(more: RouteCall) {
  return async (world: RouteWorld): Promise<RouteCall> => ({ token: (await world.pilot()).token, ...more });
}

/** A wrapper's call for its attempt. */
function held(body: unknown) {
  return async (world: RouteWorld): Promise<RouteCall> => ({ token: (await world.held()).token, body });
}
/** The same with a token that names another VO than the job's. */
function heldElsewhere(body: unknown) {
  return async (world: RouteWorld): Promise<RouteCall> => ({ token: world.foreignHolder(await world.held()), body });
}
const attemptEnded = { status: 409, code: 'attempt-ended' } as const;
const report = { sequence: 1, status: 'Running' };
const end = { outcome: 'done', minor_status: 'Execution Complete' };

async function heartbeat(world: RouteWorld, vo: string): Promise<RouteCall> {
  const { jobId, attempt, pilot } = await world.held();
  const token = vo === 'lhcb' ? pilot : (await world.pilot(vo)).token;
  return { token, body: { attempts: [{ job_id: jobId, attempt }] } };
}

export const pilotCases: Record<string, RouteCase> = {
  'pilots.token': {
    success: async (world) => {
      const { stamp, secret } = await world.pilot();
      return { body: { stamp, secret, exchange_id: randomUUID() } };
    },
    refusal: {
      call: async (world) => {
        const { stamp } = await world.pilot();
        return { body: { stamp, secret: 'x'.repeat(43), exchange_id: randomUUID() } };
      },
      code: 'invalid-secret',
    },
    foreign: {
      call: async (world) => {
        const { stamp } = await world.pilot();
        const { secret } = await world.pilot('biomed');
        return { body: { stamp, secret, exchange_id: randomUUID() } };
      },
      expected: { status: 401, code: 'invalid-secret' },
    },
  },
  'pilots.renew': {
    success: self({}),
    refusal: {
      call: ({ server }) => ({ token: server.tokens.forPilot({ vo: 'lhcb', stamp: '9'.repeat(32) }, 60).token }),
      code: 'pilot-not-found',
    },
    foreign: ofItself,
  },
  'pilots.report': {
    success: self({ body: node }),
    refusal: { call: self({ body: { ...node, processors: 0 } }), code: 'invalid-request' },
    foreign: ofItself,
  },
  'pilots.log': {
    success: self({ params: { number: 0 }, body: { text: 'hello\n' } }),
    refusal: { call: self({ params: { number: 7 }, body: { text: 'hello\n' } }), code: 'log-chunk-gap' },
    foreign: ofItself,
  },
  'pilots.end': {
    success: self({ body: { status: 'Done', reason: 'no work' } }),
    refusal: { call: self({ body: { status: 'Running', reason: 'x' } }), code: 'invalid-request' },
    foreign: ofItself,
  },
  'matching.claim': {
    success: self({ body: claim() }),
    refusal: { call: self({ body: { ...claim(), claim_id: 'x' } }), code: 'invalid-request' },
    foreign: {
      call: async (world) => {
        await world.job();
        return { token: (await world.pilot('biomed')).token, body: claim() };
      },
      expected: { status: 200, body: expect.objectContaining({ jobs: [] }) },
    },
  },
  'execution.heartbeat': {
    success: (world) => heartbeat(world, 'lhcb'),
    refusal: { call: self({ body: { attempts: 'all' } }), code: 'invalid-request' },
    foreign: {
      call: (world) => heartbeat(world, 'biomed'),
      expected: {
        status: 200,
        body: expect.objectContaining({ attempts: [expect.objectContaining({ outcome: 'gone' })] }),
      },
    },
  },
  'execution.status': {
    success: held(report),
    refusal: { call: held({ ...report, status: 'Done' }), code: 'invalid-request' },
    foreign: { call: heldElsewhere(report), expected: attemptEnded },
  },
  'execution.end': {
    success: held(end),
    refusal: { call: held({ ...end, outcome: 'unsure' }), code: 'invalid-request' },
    foreign: { call: heldElsewhere(end), expected: attemptEnded },
  },
  'pilots.register': {
    success: ({ admin }) => ({ token: admin(), body: { pilot_stamp: randomUUID().slice(0, 32), vo: 'lhcb' } }),
    refusal: {
      call: async (world) => ({ token: world.admin(), body: { pilot_stamp: await aPilot(world), vo: 'lhcb' } }),
      code: 'pilot-exists',
    },
    foreign: {
      call: ({ foreignAdmin }) => ({ token: foreignAdmin(), body: { pilot_stamp: 'x', vo: 'lhcb' } }),
      expected: { status: 403, code: 'forbidden' },
    },
  },
  'pilots.setMetadata': {
    success: async (world) => ({ token: world.admin(), body: { [await aPilot(world)]: { Queue: 'q' } } }),
    refusal: { call: ({ admin }) => ({ token: admin(), body: { nobody: {} } }), code: 'pilot-not-found' },
    foreign: {
      call: async (world) => ({ token: world.foreignAdmin(), body: { [await aPilot(world)]: { Queue: 'q' } } }),
      expected: notFound,
    },
  },
  'pilots.search': {
    success: async (world) => ({ token: world.alice(), body: search(await aPilot(world)) }),
    refusal: { call: ({ alice: user }) => ({ token: user(), query: { page: 0 } }), code: 'invalid-request' },
    foreign: {
      call: async (world) => ({ token: world.foreignAdmin(), body: search(await aPilot(world)) }),
      expected: { status: 200, body: [] },
    },
  },
  'pilots.summary': {
    success: ({ alice: user }) => ({ token: user(), body: { grouping: ['Status'] } }),
    refusal: { call: ({ alice: user }) => ({ token: user(), body: { grouping: ['Mood'] } }), code: 'unknown-column' },
    foreign: {
      call: async (world) => ({
        token: world.foreignAdmin(),
        body: { grouping: ['VO'], ...search(await aPilot(world)) },
      }),
      expected: { status: 200, body: [] },
    },
  },
  'pilots.find': {
    success: about(alice, aPilot),
    refusal: { call: ({ alice: user }) => ({ token: user(), params: { stamp: 'x' } }), code: 'invalid-request' },
    foreign: { call: about(elsewhere, aPilot), expected: notFound },
  },
  'explain.pilot': {
    success: about(alice, aPilot),
    refusal: { call: ({ alice: user }) => ({ token: user(), params: { stamp: 'x' } }), code: 'invalid-request' },
    foreign: { call: about(elsewhere, aPilot), expected: notFound },
  },
  'pilots.readLog': {
    success: about(alice, sealed),
    refusal: { call: about(alice, aPilot), code: 'log-not-found' },
    foreign: { call: about(elsewhere, sealed), expected: notFound },
  },
  'pilots.followLog': {
    success: about(alice, sealed),
    refusal: {
      call: ({ alice: user }) => ({ token: user(), params: { stamp: '9'.repeat(32) } }),
      code: 'pilot-not-found',
    },
    foreign: { call: about(elsewhere, sealed), expected: notFound },
  },
  'pilots.logManifest': {
    success: about(alice, sealed),
    refusal: { call: about(alice, open), code: 'log-not-found' },
    foreign: { call: about(elsewhere, sealed), expected: notFound },
  },
};
