import { workloads } from '../../dist/simulation/workloads/index.js';
import { prepareMatching } from '../matching/prepare.mjs';
import { verifyClaims } from '../matching/verify.mjs';

export { loadOf } from '../matching/claims.mjs';
export const unit = 'jobs';

/** Claims by pilots of many sites in the shape of a real queue, for `compare.mjs`; `bench:matching` measures it in full. */
export async function prepare(world, { waiting, batch }) {
  return await prepareMatching(world, workloads.lhcb(waiting), { batch }, () => undefined);
}

export async function verify(world, prepared, { summary }) {
  return await verifyClaims(world, prepared, summary);
}
