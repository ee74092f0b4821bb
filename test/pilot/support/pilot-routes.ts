import { type AnyEndpoint, execution, matching, pilots } from '../../../src/contract/index.js';

/** The endpoints that pilots call. */
export const pilotRoutes = [
  [pilots.token, pilots.renew, pilots.report, pilots.log, pilots.end, matching.claim],
  [execution.inputs, execution.status, execution.outputs, execution.assignOutputs, execution.end, execution.heartbeat],
].flat() as unknown as AnyEndpoint[];
