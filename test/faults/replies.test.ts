import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as attempts from '../support/faults/attempt-works.js';
import { BadProxy } from '../support/faults/bad-proxy.js';
import { contradictions } from '../support/faults/contradictions.js';
import { FaultProcess } from '../support/faults/fault-servers.js';
import type { WorkMaker } from '../support/faults/kinds.js';
import * as pilots from '../support/faults/pilot-works.js';
import * as users from '../support/faults/user-works.js';
import { faultWorld, type FaultWorld } from '../support/faults/world.js';

const works = Object.entries<WorkMaker>({ ...users, ...attempts, ...pilots });

describe('a bad network', () => {
  let world: FaultWorld;
  let second: FaultProcess;
  let proxy: BadProxy;

  beforeAll(async () => {
    world = await faultWorld();
    second = await FaultProcess.servers(1, world.config);
    proxy = await BadProxy.before(world.url, ...second.urls);
    await world.submit(200);
  }, 120_000);
  afterAll(async () => {
    await proxy.close();
    await second.kill9();
    await world.close();
  });

  it.each(works)(
    'that loses the reply leaves it done, and the repetition gets it: %s',
    async (_, make) => {
      const work = await make(world);
      await expect(work.send(proxy.url, { 'x-network': 'loses the reply' })).rejects.toThrow('fetch failed');
      expect(await work.isDone()).toBe(true);
      await work.check(await work.send(proxy.url));
      expect(await contradictions(world)).toEqual([]);
    },
    60_000,
  );

  it.each(works)(
    'that doubles the request does it once, then and later: %s',
    async (_, make) => {
      const work = await make(world);
      const before = proxy.statuses.length;
      await work.check(await work.send(proxy.url, { 'x-network': 'doubles the request' }));
      await work.check(await work.send(proxy.url, { 'x-network': 'doubles the request' }));
      expect(proxy.statuses.slice(before).filter((status) => status > 299)).toEqual([]);
      expect(await contradictions(world)).toEqual([]);
    },
    60_000,
  );
});
