import type { RouteCase } from '../../support/route-world.js';
import { documents } from './documents.js';
import { jobCases } from './jobs.js';
import { pilotCases } from './pilots.js';
import { resourceCases } from './resources.js';
import { sandboxCases } from './sandboxes.js';

/** How every route of the contract is tried; a test compares the names. */
export const routeCases: Record<string, RouteCase> = {
  ...documents,
  ...jobCases,
  ...sandboxCases,
  ...pilotCases,
  ...resourceCases,
};
