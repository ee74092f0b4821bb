import { describe, expect, it } from '@jest/globals';
import type { LimitedJob } from '../../../../src/wms/limits/limit.js';
import { LimitRules } from '../../../../src/wms/limits/limit-rules.js';
import { aConfiguration, type Overrides } from '../../../support/configuration.js';

const here = { site: 'Demo.Local', ce: 'local' };
const job: LimitedJob = { vo: 'lhcb', group: 'lhcb_prod', owner: 'ann', subject: 'lhcb:ann', jobType: 'user' };
const rules = (overrides: Overrides): LimitRules => new LimitRules(aConfiguration(overrides));
const atSite = (...running_limits: object[]): LimitRules => rules({ sites: { 'Demo.Local': { running_limits } } });
const of = (limits: LimitRules, more: LimitedJob = {}, place: { site?: string; ce?: string } = here) =>
  limits.of({ ...job, ...more }, place).map(({ scope, maximum, window }) => ({ scope, maximum, window }));

describe('which limits hold for a job at a place', () => {
  it('none, when the configuration says nothing', () => {
    expect(rules({}).isEmpty).toBe(true);
    expect(of(rules({}))).toEqual([]);
  });

  it('those of the installation, of VO and group, of site and CE, wherever they stand', () => {
    const running_limits = [{ max_running: 1 }];
    const limits = rules({
      running_limits,
      vos: { lhcb: { running_limits, groups: { lhcb_prod: { running_limits } } }, biomed: { running_limits } },
      sites: { 'Demo.Local': { running_limits, ces: { local: { running_limits } } } },
    });
    expect(of(limits).map(({ scope }) => scope)).toEqual([
      {},
      { vo: 'lhcb' },
      { vo: 'lhcb', group: 'lhcb_prod' },
      { site: 'demo.local' },
      { site: 'demo.local', ce: 'local' },
    ]);
    expect(of(limits, { group: 'lhcb_user' }, { site: 'DEMO.LOCAL', ce: 'other' }).map(({ scope }) => scope)).toEqual([
      {},
      { vo: 'lhcb' },
      { site: 'demo.local' },
    ]);
    expect(limits.of(job, here).map(({ rule }) => rule)[2]).toBe('vos.lhcb.groups.lhcb_prod.running_limits.0');
  });

  it('those whose rules name whom they count are known before anybody is counted', () => {
    const limits = rules({
      running_limits: [
        { vo: 'LHCB', group: 'lhcb_prod', max_running: 9 },
        { group: 'lhcb_prod', max_running: 8 },
      ],
      vos: {
        lhcb: {
          running_limits: [
            { job_type: 'User', max_running: 0, per_minute: 5 },
            { owner: 'ann', max_running: 1 },
          ],
        },
      },
      sites: { 'Demo.Local': { running_limits: [{ job_type: '*', max_running: 3 }, { max_running: 4 }] } },
    });
    expect(limits.named().map(({ scope, maximum, window }) => ({ scope, maximum, window }))).toEqual([
      { scope: { vo: 'lhcb', group: 'lhcb_prod' }, maximum: 8, window: null },
      { scope: { vo: 'lhcb', jobType: 'user' }, maximum: 0, window: null },
      { scope: { vo: 'lhcb', jobType: 'user' }, maximum: 5, window: 60 },
      { scope: { site: 'demo.local' }, maximum: 4, window: null },
    ]);
    expect(limits.of(job, here)).toEqual(expect.arrayContaining(limits.named()));
    expect(rules({}).named()).toEqual([]);
  });

  it('one for each value of an attribute with a star, in which the owner is a person of a VO', () => {
    const limits = atSite({ owner: '*', max_running: 2 });
    expect(of(limits)[0]?.scope).toEqual({ vo: 'lhcb', owner: 'ann', subject: 'lhcb:ann', site: 'demo.local' });
    const keys = [{}, { jobType: 'test' }, { subject: 'other:ann' }, { vo: 'biomed' }].map(
      (more) => limits.of({ ...job, ...more }, here)[0]?.key,
    );
    expect(keys[1]).toBe(keys[0]);
    expect(new Set(keys).size).toBe(3);
  });

  it('a rule that names its value in place of the one with the star', () => {
    const limits = atSite({ job_type: '*', max_running: 10, per_minute: 6 }, { job_type: 'USER', max_running: 3 });
    expect(of(limits)).toEqual([{ scope: { jobType: 'user', site: 'demo.local' }, maximum: 3, window: null }]);
    expect(of(limits, { jobType: 'test' })).toEqual([
      { scope: { jobType: 'test', site: 'demo.local' }, maximum: 10, window: null },
      { scope: { jobType: 'test', site: 'demo.local' }, maximum: 6, window: 60 },
    ]);
    expect(of(limits, { jobType: '' })[0]?.scope).toEqual({ jobType: 'any', site: 'demo.local' });
  });

  it('the strictest of those that count the same, and a delay as one job in so many seconds', () => {
    const limits = rules({
      running_limits: [{ vo: 'lhcb', max_running: 9, delay_seconds: 0.5 }],
      vos: { lhcb: { running_limits: [{ max_running: 4 }] } },
    });
    expect(of(limits)).toEqual([
      { scope: { vo: 'lhcb' }, maximum: 4, window: null },
      { scope: { vo: 'lhcb' }, maximum: 1, window: 0.5 },
    ]);
  });

  it('have a key that outlives another maximum, and is known again by it as long as a rule makes it', () => {
    const [limit] = atSite({ group: '*', owner: 'ann', max_running: 5 }).of(job, here);
    const key = limit?.key ?? '';
    expect(atSite({ group: 'lhcb_prod', owner: '*', max_running: 7 }).withKey(key)).toMatchObject({ key, maximum: 7 });
    expect(atSite({ group: 'lhcb_user', owner: '*', max_running: 7 }).withKey(key)).toBeNull();
    expect(atSite({ owner: '*', max_running: 7 }).withKey(key)).toBeNull();
    expect(rules({}).withKey(key)).toBeNull();
  });

  it('leave out what is about an owner who is not known', () => {
    const limits = atSite({ owner: '*', max_running: 2 }, { group: '*', max_running: 9 });
    const { owner: _owner, subject: _subject, ...shared } = job;
    expect(limits.of(shared, here).map(({ maximum }) => maximum)).toEqual([9]);
    expect(limits.knowsOwners).toBe(true);
    expect(atSite({ group: '*', max_running: 9 }).knowsOwners).toBe(false);
  });
});
