import type { Parameters } from 'fast-check';

/**
 * How properties are tried: always with the same examples, so that a run repeats another. A failure prints the seed, the
 * path and the smallest counterexample; another seed is tried by writing it here.
 */
export function tries<T>(numRuns: number): Parameters<T> {
  return { seed: 20_261_123, numRuns, endOnFailure: false };
}
