import { describe, expect, it } from '@jest/globals';
import { JobDescription, type JobDescriptionInput } from '../../../../src/contract/index.js';
import { canonical, hashOf, requirementsOf, segmentOf } from '../../../../src/wms/task-queues/requirements.js';

const of = (input: Partial<JobDescriptionInput> = {}) =>
  requirementsOf(JobDescription.parse({ executable: '/bin/true', ...input }));

describe('the requirements in a description', () => {
  it('round CPU work up to a segment, and cut it at the last one', () => {
    expect([1, 360, 361, 50_000, 5_000, 1_080_000, 2_000_000].map(segmentOf)).toEqual([
      360, 360, 1_800, 86_400, 21_600, 1_080_000, 1_080_000,
    ]);
    expect(of({ cpu_work: 50_000 }).cpuWork).toBe(86_400);
    expect(of().cpuWork).toBe(86_400);
  });

  it('are one class for jobs that ask the same in other words', () => {
    const a = of({ sites: ['LCG.CERN.ch', 'LCG.IN2P3.fr'], tags: ['GPU', 'x'], cpu_work: 80_000 });
    const b = of({ sites: ['lcg.in2p3.fr', 'LCG.CERN.ch', 'LCG.CERN.CH'], tags: ['X', 'gpu'], cpu_work: 70_000 });
    expect(hashOf(a)).toBe(hashOf(b));
    expect(canonical(a)).toEqual(a);
    expect(hashOf(of({ sites: ['LCG.CERN.ch'] }))).not.toBe(hashOf(of({ banned_sites: ['LCG.CERN.ch'] })));
  });

  it('take "any" in every spelling for no wish', () => {
    const anything = of({ sites: ['ANY'], platforms: ['any'], ces: ['a.n.y'], job_type: 'Any' });
    expect(anything).toMatchObject({ sites: [], platforms: [], ces: [], jobType: '' });
  });

  it('have no tags when none are given, and each tag once', () => {
    expect(of().tags).toEqual([]);
    expect(of({ tags: ['bof'] }).tags).toEqual(['bof']);
    expect(of({ tags: ['bof', 'bif', 'BOF'] }).tags).toEqual(['bif', 'bof']);
  });

  it('turn the tag forms of DIRAC into numbers', () => {
    expect(of({ tags: ['4Processors', 'MultiProcessor'] })).toMatchObject({
      minProcessors: 4,
      maxProcessors: 4,
      tags: [],
    });
    expect(of({ tags: ['2GB', 'WholeNode'] })).toMatchObject({ minRam: 2_000, wholeNode: true, tags: [] });
    expect(of({ tags: ['MultiProcessor'] })).toMatchObject({ minProcessors: 1, tags: ['multiprocessor'] });
    expect(of({ tags: ['2GB'], min_ram: 3_500 }).minRam).toBe(3_500);
  });

  it('need the least processors and memory, and never less than that at most', () => {
    expect(of({ min_processors: 4 })).toMatchObject({ minProcessors: 4, maxProcessors: 4 });
    expect(of({ min_processors: 4, max_processors: 12 })).toMatchObject({ minProcessors: 4, maxProcessors: 12 });
    expect(of({ min_processors: 1 })).toMatchObject({ minProcessors: 1, maxProcessors: 1 });
    expect(of({ max_ram: 4_000 }).minRam).toBe(0);
  });
});
