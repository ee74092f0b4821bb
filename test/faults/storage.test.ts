import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as attempts from '../support/faults/attempt-works.js';
import { contradictions } from '../support/faults/contradictions.js';
import type { WorkMaker } from '../support/faults/kinds.js';
import { logChunk } from '../support/faults/pilot-works.js';
import { SmallDisk } from '../support/faults/small-disk.js';
import { faultWorld, type FaultWorld } from '../support/faults/world.js';

const full: [string, WorkMaker][] = [
  ['upload of outputs', attempts.upload],
  ['chunk of a log', logChunk],
];
const broken: [string, WorkMaker][] = [
  ...full,
  ['announcement of outputs', attempts.announce],
  ['assignment of outputs', attempts.assign],
];
const why = SmallDisk.missing;
const withDisk = why === null ? describe : describe.skip;

withDisk(`storage elements that fail${why === null ? '' : ` (skipped: ${why})`}`, () => {
  let disk: SmallDisk;
  let world: FaultWorld;

  beforeAll(async () => {
    disk = new SmallDisk(2);
    world = await faultWorld({}, disk.folder);
    await world.submit(20);
  }, 120_000);
  afterAll(async () => {
    await world.close();
    disk.remove();
  });

  it.each(full)('because they are full ask to come again, and take it when there is room: %s', async (_, make) => {
    const work = await make(world);
    disk.fill();
    await expect(work.send(world.url)).rejects.toThrow(/takes or gives no objects now/);
    expect(await work.isDone()).toBe(false);
    expect(await contradictions(world)).toEqual([]);
    disk.empty();
    await work.check(await work.send(world.url));
    expect(await contradictions(world)).toEqual([]);
  });

  it.each(broken)('for any other reason ask to come again: %s', async (_, make) => {
    const work = await make(world);
    const roots = ['sandboxes', 'logs'].map((name) => join(disk.folder, name));
    for (const root of roots) {
      renameSync(root, `${root}.away`);
      writeFileSync(root, 'not a folder');
    }
    const sent = await work.send(world.url).catch((error: unknown) => error);
    for (const root of roots) {
      rmSync(root);
      renameSync(`${root}.away`, root);
    }
    expect(String(sent)).toMatch(/takes or gives no objects now/);
    await work.check(await work.send(world.url));
    expect(await contradictions(world)).toEqual([]);
  });
});
