import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as attempts from '../support/faults/attempt-works.js';
import type { WorkMaker } from '../support/faults/kinds.js';
import * as pilots from '../support/faults/pilot-works.js';
import { killAtEveryBoundary } from '../support/faults/strike.js';
import * as users from '../support/faults/user-works.js';
import { faultWorld, type FaultWorld } from '../support/faults/world.js';

/** Works of one track would wait for each other in one server: they use the same lane, row or block of ids. */
const tracks: Record<string, WorkMaker>[] = [
  { 'submission of one job': users.oneJob, 'submission of many jobs': users.manyJobs },
  { claim: pilots.claim, heartbeat: pilots.heartbeat },
  { 'end of an attempt': attempts.end, 'end that queues again': attempts.requeue },
  { 'status report': attempts.report, kill: users.kill },
  { 'announcement of outputs': attempts.announce, 'upload of outputs': attempts.upload },
  { 'assignment of outputs': attempts.assign, 'exchange of the secret': pilots.exchange },
  { 'chunk of a log': pilots.logChunk, 'end of a pilot': pilots.goodbye },
];

describe('a server that is killed', () => {
  let world: FaultWorld;

  beforeAll(async () => {
    world = await faultWorld();
    await world.submit(800);
  }, 120_000);
  afterAll(() => world.close());

  it('at any boundary of any write loses nothing that was acknowledged, and does nothing twice', async () => {
    const kinds = await killAtEveryBoundary(world, tracks);
    const lines = kinds.map(({ name, boundaries }) => `${name}: ${boundaries.length} (${boundaries.join(' | ')})`);
    process.stdout.write(`servers were killed before each of these\n  ${lines.join('\n  ')}\n`);
    expect(kinds.filter(({ boundaries }) => boundaries.length < 3)).toEqual([]);
  }, 600_000);
});
