import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { JobDescription, Refusal } from '../../../../src/contract/index.js';
import type { ClaimableJob } from '../../../../src/wms/jobs/claim-jobs.js';
import { type Claimer, distribute } from '../../../../src/wms/matching/distribute.js';
import { Stock } from '../../../../src/wms/matching/stock.js';
import { capabilityOf } from '../../../../src/wms/task-queues/capability.js';
import { fitsNow } from '../../../../src/wms/task-queues/eligible.js';
import { requirementsOf } from '../../../../src/wms/task-queues/requirements.js';
import { WaitingQueues } from '../../../../src/wms/task-queues/waiting-queues.js';
import { tries } from '../../../support/properties.js';

interface Plan {
  owner: string;
  processors: number;
  priorities: number[];
  /** How many of its first jobs the index knows, and whether it knows one that somebody else has claimed meanwhile. */
  known?: number;
  stale?: boolean;
}

/** Queues as planned, and their jobs in claiming order; job ids are given out in turn over all queues. */
function world(plans: readonly Plan[]) {
  let id = 0;
  const jobs = new Map<number, ClaimableJob[]>();
  const waiting = new WaitingQueues(() => 0);
  const queues = plans.map(({ owner, processors, priorities, known = 0, stale = false }, at) => {
    const own = priorities.map((user_priority) => {
      id += 1;
      const whose = { vo: 'lhcb', owner, owner_group: 'g', owner_subject: owner };
      const labels = { job_group: '0', job_type: 'User', site: 'ANY', description_id: 1, expansion: null };
      return { job_id: id, user_priority, ...whose, ...labels, attempt: 0, locked_at: '' };
    });
    own.sort((a, b) => b.user_priority - a.user_priority || a.job_id - b.job_id);
    jobs.set(at, own);
    const description = { executable: 'x', min_processors: processors, cpu_work: 360 };
    const requirements = requirementsOf(JobDescription.parse(description));
    const entity = { vo: 'lhcb', group: 'g', ownerSubject: owner, owner };
    const ahead = own
      .slice(0, known)
      .map(({ user_priority, job_id }) => ({ headPriority: user_priority, headJob: job_id }));
    if (stale) ahead.unshift({ headPriority: 10, headJob: 0 });
    // What the index knows may be stale: a first job that is gone, or nothing but that there was one.
    return waiting.put({ id: at, classId: at, ...entity, requirements }, ahead, false);
  });
  const stock = new Stock(waiting, {
    next: async (orders) =>
      orders.map(({ queue, limit, seen }) =>
        (jobs.get(queue) ?? []).filter(({ job_id }) => !seen.includes(job_id)).slice(0, limit),
      ),
    known: async (wanted) =>
      wanted.flatMap(({ queue, headJob }) => (jobs.get(queue) ?? []).filter(({ job_id }) => job_id === headJob)),
  });
  return { queues, jobs, stock };
}

const place = capabilityOf({});
if (place instanceof Refusal) throw place;
const claimer = (processors: number, wants: number): Claimer => ({
  stamp: 'p',
  vo: 'lhcb',
  site: 's',
  ce: 'c',
  place,
  free: {
    processors,
    memory: 1e3,
    gpus: 0,
    cpuWorkLeft: 1e3,
    wallLeft: 1e3,
    idle: true,
  },
  wants,
  owner: null,
  separates: true,
  given: [],
});
const turnsWith = (planned: ReadonlyMap<string, number>) => (entity: { ownerSubject: string }) => ({
  vo: 0,
  group: 0,
  owner: planned.get(`lhcb\ng\n${entity.ownerSubject}`) ?? 0,
});

const plan = fc.record({
  owner: fc.constantFrom('a', 'b', 'c'),
  processors: fc.integer({ min: 1, max: 4 }),
  priorities: fc.array(fc.nat(10), { maxLength: 6 }),
  known: fc.nat(6),
  stale: fc.boolean(),
});
const offers = fc.array(fc.tuple(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 4 })), { maxLength: 5 });

describe('claims that arrive together', () => {
  it('get each job once, stay within their offers, and leave nothing behind that would still fit', async () => {
    const property = fc.asyncProperty(fc.array(plan, { maxLength: 6 }), offers, async (plans, wishes) => {
      const { queues, jobs, stock } = world(plans);
      const claimers = wishes.map(([processors, wants]) => claimer(processors, wants));
      const uses = await distribute(claimers, { stock, turnsWith, now: 0 });
      const given = claimers.flatMap((one) => one.given);
      const ids = given.map(({ job }) => job.job_id);
      expect(new Set(ids).size).toBe(ids.length);
      expect(uses.length).toBe(given.length);
      for (const [at, one] of claimers.entries()) {
        const granted = one.given.reduce((sum, { processors }) => sum + processors, 0);
        expect(one.free.processors).toBe((wishes[at]?.[0] ?? 0) - granted);
        expect(one.free.processors).toBeGreaterThanOrEqual(0);
        if (one.wants === 0) continue;
        const left = queues.filter((queue) => jobs.get(queue.id)?.some(({ job_id }) => !ids.includes(job_id)));
        expect(left.filter(({ requirements }) => fitsNow(requirements, one.free) === null)).toEqual([]);
      }
    });
    await fc.assert(property, tries(500));
  });

  it('get the jobs of one owner by priority, then by age, whatever their task queues', async () => {
    const plans = fc.array(plan, { maxLength: 5 });
    const property = fc.asyncProperty(plans, fc.integer({ min: 1, max: 8 }), async (lists, wants) => {
      const { jobs, stock } = world(lists.map((list) => ({ ...list, owner: 'a', processors: 1 })));
      const one = claimer(100, wants);
      await distribute([one], { stock, turnsWith, now: 0 });
      const all = [...jobs.values()].flat();
      all.sort((a, b) => b.user_priority - a.user_priority || a.job_id - b.job_id);
      expect(one.given.map(({ job }) => job.job_id)).toEqual(all.slice(0, wants).map(({ job_id }) => job_id));
    });
    await fc.assert(property, tries(500));
  });

  it('serve owners in turn by what they have used', async () => {
    const { stock } = world([
      { owner: 'a', processors: 1, priorities: Array.from({ length: 20 }, () => 10) },
      { owner: 'b', processors: 1, priorities: Array.from({ length: 20 }, () => 0) },
    ]);
    const claimers = Array.from({ length: 10 }, () => claimer(1, 1));
    await distribute(claimers, { stock, turnsWith, now: 0 });
    const owners = claimers.flatMap(({ given }) => given.map(({ job }) => job.owner));
    expect(owners.filter((owner) => owner === 'a')).toHaveLength(5);
    expect(owners).toHaveLength(10);
  });
});
