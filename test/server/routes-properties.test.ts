import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type AnyEndpoint, endpoints, refusals } from '../../src/contract/index.js';
import { tries } from '../support/properties.js';
import { type RouteCall, RouteWorld } from '../support/route-world.js';
import { startServer, type TestServer } from '../support/server.js';
import { routeCases } from './route-cases/index.js';

/** What a refused call must leave as it was. `last_contact` of pilots is no change: even a refusal shows that they live. */
const tables = [
  'jobs',
  'job_descriptions',
  'job_history',
  'job_parameters',
  'job_commands',
  'attempts',
  'leases',
  'sandboxes',
  'job_sandboxes',
  'pilot_log_chunks',
  'job_count_deltas',
  'resource_statuses',
  'resource_status_history',
];

let running: TestServer;
let world: RouteWorld;
beforeAll(async () => {
  const rate = { per_second: 0 };
  const rates = Object.fromEntries(
    ['pilot', 'exchange', 'submit', 'report', 'change', 'search', 'stream', 'read'].map((name) => [name, rate]),
  );
  running = await startServer({ configuration: { limits: { rates } } });
  world = new RouteWorld(running);
});
afterAll(() => running.close());

/** Texts that have broken programs before. */
const oddTexts = fc.constantFrom(
  '',
  ' ',
  '0',
  '-1',
  '1e400',
  'NaN',
  'null',
  '\u0000',
  '\ud800',
  '%',
  "'; --",
  '../../x',
  '__proto__',
  '%ff',
  'x'.repeat(300),
  '\u{1f680}'.repeat(70),
  '9'.repeat(30),
  '0000-00-00T00:00:00Z',
  '9999-12-31T23:59:59.9999999Z',
  '-000001-01-01T00:00:00Z',
  'SB:SandboxSE|/S3/x/lhcb/lhcb_user/alice/sha256:zz',
);
const oddNumbers = fc.constantFrom(-1, 0, 0.5, 1e308, -1e308, 2 ** 31, 2 ** 32, 2 ** 53, 2 ** 63, 2 ** 64);
const odd = fc.oneof(oddTexts, oddNumbers, fc.jsonValue({ maxDepth: 2 }), fc.string({ maxLength: 40 }));

/** One change of a value: at the place that `path` picks step by step, `put` takes the place of what is there. */
interface Mutation {
  path: number[];
  put: unknown;
  rename: boolean;
}
const mutation: fc.Arbitrary<Mutation> = fc.record({
  path: fc.array(fc.nat({ max: 12 }), { maxLength: 4 }),
  put: odd,
  rename: fc.boolean(),
});

function mutate(value: unknown, { path: [step, ...rest], put, rename }: Mutation): unknown {
  if (step === undefined || typeof value !== 'object' || value === null) return put;
  if (Array.isArray(value)) {
    if (value.length === 0) return [put];
    return value.map((item: unknown, at) =>
      at === step % value.length ? mutate(item, { path: rest, put, rename }) : item,
    );
  }
  const entries = Object.entries(value);
  if (entries.length === 0) return { [String(put).slice(0, 64)]: put };
  const chosen = step % entries.length;
  return Object.fromEntries(
    entries.map(([key, item], at) => {
      if (at !== chosen) return [key, item];
      // A key is data too: ids, times and names stand there.
      if (rename && rest.length === 0) return [typeof put === 'string' ? put : JSON.stringify(put), item];
      return [key, mutate(item, { path: rest, put, rename })];
    }),
  );
}

/** A call like one that is done, with one thing wrong. */
const wrongs = fc.record({
  where: fc.constantFrom('body', 'body', 'body', 'query', 'params', 'raw'),
  mutation,
  text: fc.oneof(oddTexts, fc.string({ maxLength: 40 })),
  name: fc.oneof(fc.constantFrom('page', 'per_page', 'force', 'reset_jobs', 'pfn', 'from', 'x'), oddTexts),
});
type Wrong = typeof wrongs extends fc.Arbitrary<infer T> ? T : never;

function spoil({ name, method }: AnyEndpoint, call: RouteCall, wrong: Wrong): RouteCall {
  const { where, mutation: change, text, name: key } = wrong;
  const hasBody = method !== 'GET';
  if (call.params !== undefined && (where === 'params' || (!hasBody && where === 'body'))) {
    const path = [change.path[0] ?? 0];
    // An empty part would be another path; half a surrogate pair is nothing that a URL can hold.
    return {
      ...call,
      params: mutate(call.params, { path, put: Buffer.from(text).toString() || 'x', rename: false }) as never,
    };
  }
  if (!hasBody || where === 'query') return { ...call, query: { ...call.query, [key]: text } };
  if (call.body instanceof FormData) return { ...call, body: text };
  const body = where === 'raw' ? change.put : mutate(structuredClone(call.body), change);
  // A claim that is right by chance must not wait for work.
  const isClaim = name === 'matching.claim' && typeof body === 'object' && body !== null;
  return { ...call, body: isClaim ? { ...body, wait: 0 } : body };
}

async function sums(): Promise<string> {
  return JSON.stringify(await running.database.query(`CHECKSUM TABLE ${tables.join(', ')}`));
}

const streams = new Set(['pilots.followLog']);

describe.each(endpoints.filter(({ name }) => !streams.has(name)).map((one) => [one.name, one] as const))(
  '%s',
  (name, endpoint) => {
    it('answers whatever it is sent with a success or a refusal, and a refusal changes nothing', async () => {
      const good = await routeCases[name]?.success(world);
      if (good === undefined) throw new Error(`There is no case for ${name}`);
      await fc.assert(
        fc.asyncProperty(wrongs, async (wrong) => {
          const before = await sums();
          const { status, code, body } = await world.call(endpoint, spoil(endpoint, good, wrong));
          expect(status).toBeLessThan(500);
          if (status < 400 || status === 416) return;
          // A route that the odd path does not reach answers too.
          expect(Object.keys(refusals)).toContain(code);
          const ofOurs = { status, title: expect.any(String), detail: expect.any(String) };
          const isOurs = endpoint.dialect === 'pilotage';
          if (wrong.where !== 'params') expect(body).toMatchObject(isOurs ? ofOurs : { detail: expect.anything() });
          expect(await sums()).toBe(before);
        }),
        tries(20),
      );
    }, 60_000);
  },
);
