import type { UserPrincipal } from '../../auth/index.js';

/** Whether somebody may be told the names of other owners and groups: administrators of the VO. */
export function mayName({ properties }: UserPrincipal): boolean {
  return properties.includes('JobAdministrator') || properties.includes('ServiceAdministrator');
}
