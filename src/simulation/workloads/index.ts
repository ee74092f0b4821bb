import { longTailWorkload, uniformWorkload } from './generated.js';
import { lhcbWorkload } from './lhcb-queue.js';
import type { Workload } from './workload.js';

export type { Workload, WorkloadPilots, WorkloadQueue } from './workload.js';

/** Waiting jobs by the name of their distribution over task queues, for a total number of jobs. */
export const workloads: Readonly<Record<'lhcb' | '1000' | '50000', (jobs: number) => Workload>> = {
  lhcb: lhcbWorkload,
  '1000': uniformWorkload,
  '50000': longTailWorkload,
};
