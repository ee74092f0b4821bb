export { AccessGuard, bearerToken } from './access.guard.js';
export { audit, type AuditEntry, type AuditFilter, readAudit } from './audit.js';
export { AuthModule } from './auth.module.js';
export { Caller } from './caller.js';
export {
  isInScope,
  mayCall,
  mayManageJob,
  mayReadPilot,
  mayReadSandbox,
  mayRegisterPilot,
  maySeeResources,
  maySetResources,
  type Owned,
  type Scope,
  scopeCondition,
  visibleJobs,
} from './policies.js';
export { type AttemptPrincipal, type PilotPrincipal, type Principal, type UserPrincipal } from './principals.js';
export { type KeyReport, longestTokenSeconds, SigningKeys } from './signing-keys.js';
export { resealKeys } from './reseal-keys.js';
export { nameOf, type Revoked, Revocations, revokeTokens } from './revocations.js';
export { type IssuedToken, Tokens } from './tokens.js';
