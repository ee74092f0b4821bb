import { isAny } from '../task-queues/requirements.js';

/** What the Site column says while a job has not been matched: its wanted site, `Multiple` or `ANY`. */
export function siteLabel(sites: readonly string[]): string {
  const [first] = sites;
  if (first === undefined || sites.some(isAny)) return 'ANY';
  return sites.length === 1 ? first : 'Multiple';
}
