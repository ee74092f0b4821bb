import { requirementNames } from '../../contract/index.js';
import type { Mismatch } from '../task-queues/eligible.js';

/**
 * The fewest requirements that none of the resources fulfils together: why nothing fits. `missing` holds what each
 * resource lacks. Null when one lacks nothing; none when there is no resource at all. Of several equally small sets
 * always the same one. Pure.
 *
 * A set that every resource fails somewhere "hits" all of them, so this is a smallest hitting set; there are at most 14
 * requirements, hence at most 16,384 sets.
 */
export function neverTogether(missing: readonly (readonly Mismatch[])[]): Mismatch[] | null {
  if (missing.some((one) => one.length === 0)) return null;
  const masks = [...new Set(missing.map(maskOf))];
  const all = masks.reduce((sum, mask) => sum | mask, 0);
  let best: number | null = null;
  for (let set = 0; set < 1 << requirementNames.length; set += 1) {
    if ((set & ~all) !== 0) continue;
    if (best !== null && !isSmaller(set, best)) continue;
    if (masks.every((mask) => (mask & set) !== 0)) best = set;
  }
  return requirementNames.filter((_, at) => ((best ?? 0) & (1 << at)) !== 0);
}

function maskOf(missing: readonly Mismatch[]): number {
  return missing.reduce((mask, name) => mask | (1 << requirementNames.indexOf(name)), 0);
}

function isSmaller(a: number, b: number): boolean {
  return bitsOf(a) < bitsOf(b);
}

function bitsOf(set: number): number {
  let bits = 0;
  for (let left = set; left !== 0; left &= left - 1) bits += 1;
  return bits;
}
