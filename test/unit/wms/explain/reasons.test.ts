import { describe, expect, it } from '@jest/globals';
import type { JobStatus } from '../../../../src/contract/index.js';
import { jobStates } from '../../../../src/contract/index.js';
import { estimateOf, unknown } from '../../../../src/wms/explain/estimate.js';
import { fitOf } from '../../../../src/wms/explain/fit.js';
import type { AttemptFacts, JobFacts } from '../../../../src/wms/explain/job-facts.sql.js';
import { stateReasons, waitingReasons } from '../../../../src/wms/explain/job-reasons.js';
import { standingOf } from '../../../../src/wms/explain/share-standing.js';
import { duration } from '../../../../src/wms/explain/words.js';
import type { NamedEntity } from '../../../../src/wms/task-queues/shares.js';
import { asking, resource } from './places.js';

const codes = (reasons: { code: string }[]): string[] => reasons.map(({ code }) => code);
const none = { jobs: 0, at_least: false };
const nobody = { in_task_queue: none, in_share_entity: none };
const alone = {
  group: { turn: 0, share: 1, groups_before: 0 },
  owner: { turn: 0, share: 1 },
  entities: 1,
  entities_before: 0,
  before: null,
};
const supply = { pilots_coming: 0, pilots_running: 0 };

describe('the reasons of a waiting job', () => {
  const queue = resource({ sites: ['CERN'] });
  const pilots = resource({ sites: ['CERN'] }, {}, { pilots: 5 });
  const reasons = (resources: (typeof queue)[], more: { coming?: number; bound?: (typeof queue)[] } = {}) =>
    waitingReasons(
      {
        fit: fitOf(asking({}), resources, more.bound ?? []).fit,
        share: alone,
        supply: { ...supply, pilots_coming: more.coming ?? 0 },
        limits: [],
      },
      nobody,
    );

  it('begin with what decides', () => {
    expect(codes(reasons([]))).toEqual(['no-resources']);
    expect(codes(reasons([queue]))).toEqual(['no-pilots']);
    expect(codes(reasons([queue], { coming: 3 }))).toEqual(['pilots-coming']);
    expect(codes(reasons([queue], { bound: [pilots] }))).toEqual(['no-pilots', 'bound-elsewhere']);
    expect(codes(reasons([queue, pilots], { bound: [pilots] }))).toEqual(['next']);
    expect(codes(reasons([{ ...queue, verdict: 'closed', trouble: 'fire' }]))).toEqual(['closed']);
    expect(reasons([{ ...queue, trouble: 'no pilots are sent there for now: full' }])[0]?.text).toContain('now: full');
    const small = resource({}, { cpuWorkLeft: 100 });
    expect(codes(reasons([small], { bound: [pilots] }))).toEqual(['nothing-fits', 'bound-elsewhere']);
  });

  it('tell limits, turns and positions', () => {
    const waiting = { fit: fitOf(asking({}), [queue, pilots], []).fit, share: alone, supply, limits: [] };
    const limit = { code: 'limit', text: 'at most 3 run' };
    const behind = { ...alone, entities: 12, entities_before: 11, group: { ...alone.group, groups_before: 2 } };
    const told = waitingReasons(
      { ...waiting, limits: [limit], share: { ...behind, before: ['ann (users)'] } },
      { in_task_queue: { jobs: 100_000, at_least: true }, in_share_entity: { jobs: 1, at_least: false } },
    );
    expect(told.map(({ text }) => text)).toEqual([
      'at most 3 run',
      'By the shares 11 of 12 owners or groups with waiting jobs go first, of 2 other groups too: ann (users) …',
      'Of the same owner, at least 100,000 jobs of its task queue and 1 job of other task queues go first',
    ]);
    const [one] = waitingReasons(waiting, { ...nobody, in_task_queue: { jobs: 1, at_least: false } });
    expect(one?.text).toBe('Of the same owner, 1 job of its task queue goes first');
  });
});

describe('a job in any other state', () => {
  const job: JobFacts = {
    job_id: 1,
    vo: 'lhcb',
    owner_subject: 's',
    status: 'Done',
    minor_status: 'Execution Complete',
    user_priority: 1,
    task_queue_id: 1,
    waiting_in: null,
    submission_time: '2026-11-24 03:00:00.000000',
    start_exec_time: null,
    end_exec_time: '2026-11-24 04:00:00.000000',
    last_update_time: '2026-11-24 04:00:00',
    lease_attempt: null,
    lease_pilot: null,
    lease_left: null,
  };
  const attempt: AttemptFacts = {
    attempt: 2,
    claimed_at: '2026-11-24 03:30:00.000000',
    pilot_stamp: 'f00',
    site: 'CERN',
    ce: 'ce1',
    host: 'wn7',
    configuration_version: 3,
    outcome: 'failed',
    failure_class: 'payload',
    exit_code: 7,
    task_queue_id: 1,
    turn_vo: null,
    turn_group: null,
    turn_owner: null,
  };

  it.each(jobStates.filter((status) => status !== 'Waiting'))('%s is told in one sentence', (status: JobStatus) => {
    const [reason, ...others] = stateReasons({ ...job, status }, attempt);
    expect(reason).toMatchObject({ code: status.toLowerCase(), text: expect.stringMatching(/^[A-Z].{15,}[^.]$/) });
    expect(others).toEqual([]);
    expect(stateReasons({ ...job, status }, undefined)).toHaveLength(1);
  });

  it('says since when and where it runs', () => {
    const running: JobFacts = { ...job, status: 'Running', start_exec_time: '2026-11-24 03:31:00.000000' };
    expect(stateReasons(running, attempt)[0]?.text).toBe(
      'It runs since 2026-11-24 03:31:00 UTC at CERN (ce1, wn7): attempt 2 on pilot f00',
    );
  });

  it('says when, where and why it failed, and that its payload may still be executing', () => {
    const [failed] = stateReasons(
      { ...job, status: 'Failed', minor_status: 'Application Finished With Errors' },
      attempt,
    );
    expect(failed?.text).toBe(
      'It failed at 2026-11-24 04:00:00 UTC at CERN (ce1, wn7): Application Finished With Errors (payload, exit code 7)',
    );
    const held = { ...job, lease_attempt: 2, lease_pilot: 'f00', lease_left: 600 };
    expect(codes(stateReasons({ ...held, status: 'Killed' }, attempt))).toEqual(['killed', 'still-executing']);
    expect(stateReasons({ ...held, status: 'Waiting' }, attempt)[0]?.text).toContain('after its lease, in 10 min');
    expect(codes(stateReasons({ ...job, status: 'Waiting' }, attempt))).toEqual(['no-task-queue']);
  });
});

describe('an estimate', () => {
  const pace = {
    queue: { claims: 0, seconds: 600 },
    entity: { claims: 0, seconds: 600 },
    aheadInQueue: 9,
    aheadInEntity: 5,
  };

  it('goes by the task queue, else by the share entity, else is unknown', () => {
    expect(estimateOf(pace)).toMatchObject({ earliest: null, latest: null });
    expect(estimateOf({ ...pace, entity: { claims: 60, seconds: 600 } }).words).toContain('its share entity');
    const both = { ...pace, queue: { claims: 30, seconds: 600 }, entity: { claims: 60, seconds: 600 } };
    expect(estimateOf(both).words).toContain('30 jobs of its task queue began in the last 10 min, 9 go first');
    expect(unknown('x').words).toBe('When it starts is unknown: x');
  });

  it('holds the time that even claims would take, in a range that narrows with what was seen', () => {
    const widths = [5, 50, 5_000].map((claims) => {
      const seconds = claims * 20;
      const { earliest, latest } = estimateOf({ ...pace, aheadInQueue: 999, queue: { claims, seconds } });
      expect(earliest).toBeLessThan(20_000);
      expect(latest).toBeGreaterThan(20_000);
      return (latest ?? 0) / (earliest ?? 1);
    });
    expect(widths).toEqual(widths.toSorted((a, b) => b - a));
  });

  it.each([
    [40, '40 s'],
    [600, '10 min'],
    [7_200, '2 h'],
    [864_000, '10 days'],
  ])('says %d s as %s', (seconds, words) => {
    expect(duration(seconds)).toBe(words);
  });
});

describe('the standing by shares', () => {
  const entity = (group: string, owner: string): NamedEntity => ({ vo: 'v', group, ownerSubject: owner, owner });
  const turns: Record<string, [number, number]> = { 'a/x': [1, 5], 'a/y': [1, 3], 'b/z': [0, 9], 'c/': [2, 0] };
  const turnOf = ({ group, ownerSubject }: NamedEntity) => {
    const [ofGroup = 0, ofOwner = 0] = turns[`${group}/${ownerSubject}`] ?? [];
    return { vo: 0, group: ofGroup, owner: ofOwner };
  };
  const all = [entity('a', 'x'), entity('a', 'y'), entity('b', 'z'), entity('c', '')];
  const shares = { group: 10, owner: 2 };

  it('is the group, then the owner in it', () => {
    expect(standingOf(entity('a', 'x'), all, { turnOf, shares, names: true })).toEqual({
      group: { turn: 1, share: 10, groups_before: 1 },
      owner: { turn: 5, share: 2 },
      entities: 4,
      entities_before: 2,
      before: ['z (b)', 'y (a)'],
    });
    expect(standingOf(entity('c', ''), all, { turnOf, shares, names: false })).toMatchObject({
      owner: null,
      entities_before: 3,
      before: null,
    });
    expect(standingOf(entity('b', 'z'), all, { turnOf, shares, names: true }).before).toEqual([]);
  });
});
