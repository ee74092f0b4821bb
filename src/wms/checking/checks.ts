import type { JobDescription } from '../../contract/index.js';

/** Minor state of a job whose checks need a service outside the database. */
export const checkingMinor = 'Checking input sandboxes';

/** Whether a job must wait for a check that asks an outside service before it may run. */
export function needsChecks(description: JobDescription): boolean {
  return description.input_sandbox.length > 0;
}
