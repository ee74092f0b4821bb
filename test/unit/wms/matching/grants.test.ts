import { describe, expect, it } from '@jest/globals';
import { JobDescription, type JobDescriptionInput } from '../../../../src/contract/index.js';
import { grantOf } from '../../../../src/wms/matching/distribute.js';
import { fitsNow } from '../../../../src/wms/task-queues/eligible.js';
import { requirementsOf } from '../../../../src/wms/task-queues/requirements.js';

/** The cores that a job gets out of a slot of 16 of which so many are free; 0 when it does not fit now. */
function coresOf(input: Partial<JobDescriptionInput>, processors: number): number {
  const requirements = requirementsOf(JobDescription.parse({ executable: 'x', cpu_work: 360, ...input }));
  const free = { processors, memory: 32_000, gpus: 0, cpuWorkLeft: 1e6, wallLeft: 1e6, idle: processors === 16 };
  return fitsNow(requirements, free) === null ? grantOf(requirements, free).processors : 0;
}

describe('cores for a job', () => {
  it.each([
    ['a plain job', {}, 16, 1],
    ['a whole-node job', { whole_node: true }, 16, 16],
    ['4 processors', { min_processors: 4, max_processors: 4 }, 16, 4],
    ['4 to 8', { min_processors: 4, max_processors: 8 }, 16, 8],
    ['4 to 32', { min_processors: 4, max_processors: 32 }, 16, 16],
    ['a whole-node job beside others', { whole_node: true }, 12, 0],
    ['a plain job beside others', {}, 12, 1],
    ['2 processors', { min_processors: 2, max_processors: 2 }, 12, 2],
    ['at most 2', { max_processors: 2 }, 12, 2],
    ['at most 16', { max_processors: 16 }, 12, 12],
    ['13 processors', { min_processors: 13 }, 12, 0],
    ['a plain job when all are taken', {}, 0, 0],
  ])('of a slot of 16: %s', (_, input, free, cores) => {
    expect(coresOf(input, free)).toBe(cores);
  });
});
