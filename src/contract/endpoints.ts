import type { AnyEndpoint } from './endpoint.js';
import { execution } from './execution.js';
import { explain } from './explain.js';
import { jobs } from './jobs.js';
import { limits } from './limits.js';
import { matching } from './matching.js';
import { pilots } from './pilots.js';
import { resourceStatus } from './resource-status.js';
import { resources } from './resources.js';
import { objects, sandboxes } from './sandboxes.js';
import { server } from './server.js';

/** Every route of the server. */
export const endpoints: readonly AnyEndpoint[] = [
  server,
  jobs,
  sandboxes,
  objects,
  matching,
  limits,
  execution,
  pilots,
  resourceStatus,
  explain,
  resources,
].flatMap((area) => Object.values(area) as AnyEndpoint[]);
