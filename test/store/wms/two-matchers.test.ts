import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JobDescriptionInput } from '../../../src/contract/index.js';
import { type MatchingTest, startMatching } from '../../support/matching.js';
import { tries } from '../../support/properties.js';
import { jdoe, rroe } from '../../support/stages.js';

const kinds: Partial<JobDescriptionInput>[] = [
  { cpu_work: 360 },
  { cpu_work: 360, min_processors: 2, max_processors: 2 },
  { cpu_work: 360, min_processors: 3, max_processors: 8 },
  { cpu_work: 360, whole_node: true, tags: ['big'] },
  { cpu_work: 360, min_ram: 3_000 },
  { cpu_work: 360, gpus: 1, tags: ['gpu'] },
];
const needs = [1, 2, 3, 1, 1, 1];
const node = { processors: 4, memory: 6_000, gpus: 1, tags: ['big', 'gpu', 'wholenode'], idle: true };

describe('several servers on one database', () => {
  let wms: MatchingTest;
  beforeAll(async () => {
    wms = await startMatching();
  });
  afterAll(() => wms.close());

  it('give each job once, fill nodes within what they have, and leave nobody empty for whom something fits', async () => {
    const servers = [wms.server(), wms.server()];
    const someJobs = fc.array(fc.tuple(fc.nat(kinds.length - 1), fc.boolean(), fc.integer({ min: 1, max: 4 })), {
      minLength: 1,
      maxLength: 8,
    });
    const property = fc.asyncProperty(someJobs, fc.integer({ min: 1, max: 8 }), async (groups, pilots) => {
      const waiting = new Map<number, number>();
      for (const [kind, other, count] of groups) {
        const ids = await wms.submit(kinds[kind] ?? {}, { count, owner: other ? rroe : jdoe });
        for (const id of ids) waiting.set(id, kind);
      }
      const given: number[] = [];
      const ask = async (at: number): Promise<number> => {
        const stamp = await wms.pilot({ queue: 'foreign' });
        const got = (await servers[at % 2]?.claim(stamp, { maxJobs: 4, offer: node })) ?? [];
        const sum = (of: 'processors' | 'memory' | 'gpus'): number => got.reduce((all, one) => all + one[of], 0);
        expect(sum('processors')).toBeLessThanOrEqual(node.processors);
        expect(sum('memory')).toBeLessThanOrEqual(node.memory);
        expect(sum('gpus')).toBeLessThanOrEqual(node.gpus);
        for (const { job_id, processors } of got) {
          const kind = waiting.get(job_id) ?? -1;
          expect(processors).toBeGreaterThanOrEqual(needs[kind] ?? Infinity);
          if (kind === 3) expect([got.length, processors]).toEqual([1, node.processors]);
        }
        given.push(...got.map(({ job_id }) => job_id));
        return got.length;
      };
      await Promise.all(Array.from({ length: pilots }, (_, at) => ask(at)));
      // Every job fits an idle node: whoever gets nothing has found nothing left that nobody else had in his hands.
      for (let at = 0; given.length < waiting.size; at += 1) expect(await ask(at)).toBeGreaterThan(0);
      expect(new Set(given)).toEqual(new Set(waiting.keys()));
      expect(given).toHaveLength(waiting.size);
      for (const server of servers) expect(await server.claim(await wms.pilot(), { offer: node })).toEqual([]);
    });
    await fc.assert(property, tries(12));
  }, 300_000);
});
