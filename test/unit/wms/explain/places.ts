import { JobDescription, type JobDescriptionInput, Refusal } from '../../../../src/contract/index.js';
import type { Resource } from '../../../../src/wms/explain/resources.js';
import { type CapabilityInput, capabilityOf, type Free } from '../../../../src/wms/task-queues/capability.js';
import { requirementsOf } from '../../../../src/wms/task-queues/requirements.js';

export const plenty: Free = {
  processors: 32,
  memory: 64_000,
  gpus: 4,
  cpuWorkLeft: 1_080_000,
  wallLeft: 864_000,
  idle: true,
};

/** A resource of this place; a queue unless `pilots` says how many. */
export function resource(
  input: CapabilityInput = {},
  free: Partial<Free> = {},
  { pilots, ...more }: Partial<Resource> & { pilots?: number } = {},
): Resource {
  const capability = capabilityOf(input);
  if (capability instanceof Refusal) throw capability;
  const place = { capability, free: { ...plenty, ...free } };
  const [site = 'Some.Site'] = input.sites ?? [];
  const [ce = 'ce'] = input.ces ?? [];
  const kind = pilots === undefined ? 'queue' : 'pilots';
  return { kind, site, ce, queue: 'q', place, count: pilots ?? 1, verdict: 'open', trouble: null, ...more };
}

export const asking = (description: Partial<JobDescriptionInput>) =>
  requirementsOf(JobDescription.parse({ executable: '/bin/true', ...description }));
