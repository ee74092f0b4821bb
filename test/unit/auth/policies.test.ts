import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  isInScope,
  mayCall,
  mayManageJob,
  mayReadPilot,
  mayReadSandbox,
  mayRegisterPilot,
  type Owned,
  type Principal,
  scopeCondition,
  type UserPrincipal,
  visibleJobs,
} from '../../../src/auth/index.js';
import { type Access, accessRules, endpoints, properties, type Property } from '../../../src/contract/index.js';

const user = (...held: Property[]): UserPrincipal => ({
  kind: 'user',
  vo: 'lhcb',
  group: 'g',
  subject: 'lhcb:alice',
  username: 'alice',
  properties: held,
});
const pilot: Principal = { kind: 'pilot', vo: 'lhcb', stamp: 'a'.repeat(32) };
const attempt: Principal = { kind: 'attempt', vo: 'lhcb', stamp: 'a'.repeat(32), jobId: 1, attempt: 1 };

const callers = {
  nobody: null,
  'a user without properties': user(),
  NormalUser: user('NormalUser'),
  JobAdministrator: user('JobAdministrator'),
  JobSharing: user('JobSharing'),
  GenericPilot: user('GenericPilot'),
  ServiceAdministrator: user('ServiceAdministrator'),
  'a pilot': pilot,
  'an attempt': attempt,
};
const everybody = Object.keys(callers);
const users = everybody.slice(1, 7);

const table: Record<Access, string[]> = {
  public: everybody,
  user: users,
  'submit-jobs': ['NormalUser'],
  'read-jobs': ['NormalUser', 'JobAdministrator'],
  'manage-jobs': ['NormalUser', 'JobAdministrator', 'GenericPilot'],
  'use-sandboxes': ['NormalUser', 'JobAdministrator'],
  'create-sandboxes': ['NormalUser'],
  'read-pilots': users.filter((name) => name !== 'GenericPilot'),
  'register-pilots': ['GenericPilot', 'ServiceAdministrator'],
  'set-resources': ['JobAdministrator', 'ServiceAdministrator'],
  administer: ['ServiceAdministrator'],
  pilot: ['a pilot'],
  attempt: ['an attempt'],
};

describe('who may call a route', () => {
  it.each(Object.entries(table))('%s', (access, admitted) => {
    const allowed = Object.entries(callers).filter(([, principal]) => mayCall(access as Access, principal));
    expect(allowed.map(([name]) => name)).toEqual(admitted);
  });

  it('is said for every rule of the contract', () => {
    expect(Object.keys(table).toSorted()).toEqual(Object.keys(accessRules).toSorted());
  });

  it('never admits somebody without a token, or a holder of another kind, to an endpoint that is not public', () => {
    const guarded = endpoints.filter(({ access }) => access !== 'public');
    expect(guarded.length).toBeGreaterThan(30);
    const anyUser = fc.subarray([...properties]).map((held) => user(...held));
    fc.assert(
      fc.property(fc.constantFrom(...guarded), anyUser, ({ access }, somebody) => {
        expect(mayCall(access, null)).toBe(false);
        const kinds = [somebody, pilot, attempt]
          .filter((principal) => mayCall(access, principal))
          .map(({ kind }) => kind);
        const only = access === 'pilot' || access === 'attempt' ? access : 'user';
        expect(kinds.every((kind) => kind === only)).toBe(true);
      }),
    );
  });
});

const job = (over: Partial<Owned> = {}): Owned => ({
  vo: 'lhcb',
  owner_subject: 'lhcb:alice',
  owner_group: 'g',
  ...over,
});
const othersJob = job({ owner_subject: 'lhcb:bob' });
const othersJobElsewhere = job({ owner_subject: 'lhcb:bob', owner_group: 'h' });

describe('what may be done to a job', () => {
  it.each<[string, UserPrincipal, Owned, boolean]>([
    ['the owner may', user('NormalUser'), job(), true],
    ['the owner may in another group', user('NormalUser'), job({ owner_group: 'h' }), true],
    ['another user may not', user('NormalUser'), othersJob, false],
    ['a member of the JobSharing group may', user('NormalUser', 'JobSharing'), othersJob, true],
    ['a member of another JobSharing group may not', user('NormalUser', 'JobSharing'), othersJobElsewhere, false],
    ['a JobAdministrator of the VO may', user('JobAdministrator'), othersJob, true],
    ['a foreign pilot of the VO may', user('GenericPilot'), othersJob, true],
    ['somebody without NormalUser may not, even with own jobs', user('ServiceAdministrator'), job(), false],
  ])('%s', (_, principal, row, expected) => {
    expect(mayManageJob(principal, row)).toBe(expected);
  });

  it('stops at the VO, whatever somebody holds', () => {
    const foreign = job({ vo: 'biomed' });
    fc.assert(
      fc.property(fc.subarray([...properties]), fc.boolean(), (held, seeAll) => {
        const somebody = user(...held);
        expect(mayManageJob(somebody, foreign)).toBe(false);
        expect(mayReadSandbox(somebody, foreign)).toBe(false);
        expect(isInScope(visibleJobs(somebody, seeAll), foreign)).toBe(false);
        expect(mayReadPilot(somebody, { vo: 'biomed' })).toBe(false);
        expect(mayRegisterPilot(somebody, 'biomed')).toBe(false);
      }),
    );
  });

  it('lets no foreign pilot fetch sandboxes', () => {
    expect(mayReadSandbox(user('GenericPilot'), othersJob)).toBe(false);
    expect(mayReadSandbox(user('NormalUser'), job())).toBe(true);
  });
});

describe('the jobs that a user sees', () => {
  it('are those of the VO, or the own ones where the VO says so', () => {
    expect(visibleJobs(user('NormalUser'), true)).toEqual({ vo: 'lhcb' });
    expect(visibleJobs(user('NormalUser'), false)).toEqual({ vo: 'lhcb', ownerSubject: 'lhcb:alice' });
    expect(visibleJobs(user('NormalUser', 'JobSharing'), false)).toMatchObject({ orGroup: 'g' });
    expect(visibleJobs(user('JobAdministrator'), false)).toEqual({ vo: 'lhcb' });
  });

  it('are the same by row and by SQL condition', () => {
    expect(scopeCondition({ vo: 'v' })).toEqual({ sql: 'vo = ?', values: ['v'] });
    expect(scopeCondition({ vo: 'v', ownerSubject: 's', orGroup: 'g' }, 'j')).toEqual({
      sql: 'j.vo = ? AND (j.owner_subject = ? OR j.owner_group = ?)',
      values: ['v', 's', 'g'],
    });
    expect(isInScope({ vo: 'LHCb', ownerSubject: 'x', orGroup: 'h' }, othersJobElsewhere)).toBe(true);
    expect(isInScope({ vo: 'lhcb', ownerSubject: 'x' }, othersJobElsewhere)).toBe(false);
  });
});
