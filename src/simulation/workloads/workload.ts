import type { JobDescriptionInput } from '../../contract/index.js';

/** Equal waiting jobs of one owner: what becomes one task queue. */
export interface WorkloadQueue {
  group: string;
  owner: string;
  description: JobDescriptionInput;
  jobs: number;
}

/** A kind of pilots, and how many there are of it in proportion to the weights of the others. */
export interface WorkloadPilots {
  site: string;
  /** The queue of the site's computing element that starts them. */
  queue: string;
  platforms: readonly string[];
  weight: number;
}

/** Waiting jobs of one VO and the pilots that come for them. The same arguments always give the same workload. */
export interface Workload {
  /** Groups with their shares of the VO; all owners of a group have equal shares. */
  groups: Readonly<Record<string, { share: number }>>;
  queues: readonly WorkloadQueue[];
  pilots: readonly WorkloadPilots[];
}

/**
 * Sizes in proportion to these whose sum is `total`: rounded down, at least 1 each, the rest to those that lost most.
 * `total` must not be less than their number.
 */
export function scaleTo(sizes: readonly number[], total: number): number[] {
  if (total < sizes.length) throw new RangeError(`${sizes.length} queues need at least so many jobs, not ${total}`);
  const sum = sizes.reduce((all, size) => all + size, 0);
  const exact = sizes.map((size) => (size * total) / sum);
  const scaled = exact.map((size) => Math.max(1, Math.floor(size)));
  const byLoss = [...scaled.keys()].toSorted((a, b) => lossAt(b) - lossAt(a) || a - b);
  let rest = total - scaled.reduce((all, size) => all + size, 0);
  // Small queues were rounded up: the largest ones pay for it.
  const largest = [...scaled.keys()].toSorted((a, b) => (sizes[b] ?? 0) - (sizes[a] ?? 0) || a - b);
  for (let at = 0; rest < 0; at = (at + 1) % largest.length) rest += take(scaled, largest[at], -1);
  for (let at = 0; rest > 0; at = (at + 1) % byLoss.length) rest -= take(scaled, byLoss[at], 1);
  return scaled;

  function lossAt(at: number): number {
    return (exact[at] ?? 0) - (scaled[at] ?? 0);
  }
}

/** Changes one size by so much unless it would be none; gives how much it changed, without sign. */
function take(sizes: number[], at: number | undefined, change: number): number {
  const size = at === undefined ? undefined : sizes[at];
  if (at === undefined || size === undefined || size + change < 1) return 0;
  sizes[at] = size + change;
  return 1;
}
