import type { Access, Property } from '../contract/index.js';
import type { Principal, UserPrincipal } from './principals.js';

const userWith =
  (...wanted: Property[]) =>
  (principal: Principal): boolean =>
    principal.kind === 'user' && wanted.some((property) => principal.properties.includes(property));

/** Who may call a route at all: the rules of the contract's `accessRules`, as conditions on the holder of a token. */
const rules: Record<Exclude<Access, 'public'>, (principal: Principal) => boolean> = {
  user: ({ kind }) => kind === 'user',
  'submit-jobs': userWith('NormalUser'),
  'read-jobs': userWith('NormalUser', 'JobAdministrator'),
  'manage-jobs': userWith('NormalUser', 'JobAdministrator', 'GenericPilot'),
  'use-sandboxes': userWith('NormalUser', 'JobAdministrator'),
  'create-sandboxes': userWith('NormalUser'),
  'read-pilots': (principal) => principal.kind === 'user' && !principal.properties.includes('GenericPilot'),
  'register-pilots': userWith('ServiceAdministrator', 'GenericPilot'),
  'set-resources': userWith('ServiceAdministrator', 'JobAdministrator'),
  administer: userWith('ServiceAdministrator'),
  pilot: ({ kind }) => kind === 'pilot',
  attempt: ({ kind }) => kind === 'attempt',
};

/** Whether the holder of a token may call a route with this rule; null is somebody without a token. */
export function mayCall(access: Access, principal: Principal | null): boolean {
  if (access === 'public') return true;
  return principal !== null && rules[access](principal);
}

const texts: Partial<Record<Access, string>> = {
  'read-pilots': "Pilots cannot read other pilots' metadata.",
  'register-pilots': 'Insufficient permissions to manage pilots.',
};

/** What somebody is told whom {@link mayCall} keeps out; the words are DiracX's. */
export function whyForbidden(access: Access): string {
  return texts[access] ?? 'Forbidden';
}

/** Whose a job or sandbox is. */
export interface Owned {
  vo: string;
  /** `<vo>:<subject at the identity provider>`. */
  owner_subject: string;
  owner_group: string;
}

/** Which rows somebody may see: those of a VO, perhaps only of one owner or of one group besides. */
export interface Scope {
  vo: string;
  ownerSubject?: string;
  /** Members of a JobSharing group see the group's jobs too. */
  orGroup?: string;
}

/** VO names compare without case, as they do in the database. */
function sameVo(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function shares(user: UserPrincipal, row: Owned): boolean {
  return user.properties.includes('JobSharing') && user.group === row.owner_group;
}

/**
 * The jobs that a user may see: those of the own VO, all of them or, where the VO says so (`see_all_jobs: false`), the
 * own ones and those of a JobSharing group. Never a job of another VO.
 */
export function visibleJobs(user: UserPrincipal, seeAll: boolean): Scope {
  if (seeAll || user.properties.includes('JobAdministrator')) return { vo: user.vo };
  const own = { vo: user.vo, ownerSubject: user.subject };
  return user.properties.includes('JobSharing') ? { ...own, orGroup: user.group } : own;
}

/** Whether a row lies in a scope. */
export function isInScope({ vo, ownerSubject, orGroup }: Scope, row: Owned): boolean {
  if (!sameVo(vo, row.vo)) return false;
  return ownerSubject === undefined || row.owner_subject === ownerSubject || row.owner_group === orGroup;
}

/** The rows of {@link isInScope} as an SQL condition over the columns vo, owner_subject and owner_group. */
export function scopeCondition({ vo, ownerSubject, orGroup }: Scope, table = ''): { sql: string; values: unknown[] } {
  const column = (name: string): string => (table === '' ? name : `${table}.${name}`);
  if (ownerSubject === undefined) return { sql: `${column('vo')} = ?`, values: [vo] };
  if (orGroup === undefined) {
    return { sql: `${column('vo')} = ? AND ${column('owner_subject')} = ?`, values: [vo, ownerSubject] };
  }
  return {
    sql: `${column('vo')} = ? AND (${column('owner_subject')} = ? OR ${column('owner_group')} = ?)`,
    values: [vo, ownerSubject, orGroup],
  };
}

/**
 * Whether a user may change a job: the owner; members of its group where both have JobSharing; a JobAdministrator or a
 * foreign pilot (GenericPilot) of the job's VO. Never across VOs.
 */
export function mayManageJob(user: UserPrincipal, job: Owned): boolean {
  if (!sameVo(user.vo, job.vo)) return false;
  if (user.properties.includes('JobAdministrator') || user.properties.includes('GenericPilot')) return true;
  if (!user.properties.includes('NormalUser')) return false;
  return user.subject === job.owner_subject || shares(user, job);
}

/** Whether a user may fetch a sandbox: as {@link mayManageJob}, but foreign pilots may not. */
export function mayReadSandbox(user: UserPrincipal, sandbox: Owned): boolean {
  if (!sameVo(user.vo, sandbox.vo)) return false;
  if (user.properties.includes('JobAdministrator')) return true;
  return user.subject === sandbox.owner_subject || shares(user, sandbox);
}

/** Whether a user may see a pilot and its log: those of the own VO. */
export function mayReadPilot(user: UserPrincipal, pilot: { vo: string }): boolean {
  return sameVo(user.vo, pilot.vo);
}

/** Whether a user may set the status of resources for a VO; empty is all VOs. */
export function maySetResources(user: UserPrincipal, vo: string): boolean {
  if (user.properties.includes('ServiceAdministrator')) return true;
  return user.properties.includes('JobAdministrator') && sameVo(user.vo, vo);
}

/** Whether a user may see resources as a VO sees them: as the own one, and administrators of the service any. */
export function maySeeResources(user: UserPrincipal, vo: string): boolean {
  return user.properties.includes('ServiceAdministrator') || sameVo(user.vo, vo);
}

/** Whether a user may register or change pilots of a VO: the own one only. */
export function mayRegisterPilot(user: UserPrincipal, vo: string): boolean {
  return sameVo(user.vo, vo);
}
