import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type AnyEndpoint, endpoints, refusals, server } from '../../src/contract/index.js';
import { type RouteCase, RouteWorld } from '../support/route-world.js';
import { startServer, type TestServer } from '../support/server.js';
import { routeCases as cases } from './route-cases/index.js';

let running: TestServer;
let world: RouteWorld;
beforeAll(async () => {
  running = await startServer({ configuration: { security: { contacts: ['mailto:security@example.org'] } } });
  world = new RouteWorld(running);
});
afterAll(() => running.close());

function caseOf({ name }: AnyEndpoint): RouteCase {
  const found = cases[name];
  if (found === undefined) throw new Error(`${name} has no success, refusal and foreign VO in test/server/route-cases`);
  return found;
}

describe('every route', () => {
  it('is tried here', () => {
    expect(Object.keys(cases).toSorted()).toEqual(endpoints.map(({ name }) => name).toSorted());
  });

  it('stands in the OpenAPI document by its name, and nothing else does', async () => {
    const { body } = await world.call(server.openapi, {});
    const { paths } = body as { paths: Record<string, Record<string, { operationId: string; responses: object }>> };
    const documented = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { operationId, responses }]) => ({
        operationId,
        method: method.toUpperCase(),
        path: path.replace(/\{(\w+)\}/g, ':$1'),
        statuses: Object.keys(responses),
      })),
    );
    const declared = endpoints.map(({ name, method, path, status }) => ({
      operationId: name,
      method,
      path,
      statuses: [String(status), 'default'],
    }));
    const byName = (a: { operationId: string }, b: { operationId: string }): number =>
      a.operationId.localeCompare(b.operationId);
    expect(documented.toSorted(byName)).toEqual(declared.toSorted(byName));
  });
});

describe.each(endpoints.map((endpoint) => [endpoint.name, endpoint] as const))('%s', (_name, endpoint) => {
  it('does what it is for', async () => {
    const reply = await world.call(endpoint, await caseOf(endpoint).success(world));
    expect(reply).toMatchObject({ status: endpoint.status, code: undefined });
    if (endpoint.reply !== undefined) expect(endpoint.reply.safeParse(reply.body)).toMatchObject({ success: true });
  });

  it('refuses with a code', async () => {
    const { call, code } = caseOf(endpoint).refusal;
    expect(await world.call(endpoint, await call(world))).toMatchObject({ status: refusals[code].status, code });
  });

  it('shows and does nothing of another VO', async () => {
    const { foreign } = caseOf(endpoint);
    if (typeof foreign === 'string') return;
    expect(await world.call(endpoint, await foreign.call(world))).toMatchObject(foreign.expected);
  });
});
