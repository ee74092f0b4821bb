import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { JobDescription, Refusal } from '../../../../src/contract/index.js';
import { Decision } from '../../../../src/wms/decisions/decision.js';
import { replay } from '../../../../src/wms/decisions/replay.js';
import type { ClaimableJob } from '../../../../src/wms/jobs/claim-jobs.js';
import { type Claimer, distribute } from '../../../../src/wms/matching/distribute.js';
import { type Gate, openGate } from '../../../../src/wms/matching/gate.js';
import { KeptPilots } from '../../../../src/wms/matching/kept-pilots.js';
import { Stock } from '../../../../src/wms/matching/stock.js';
import { capabilityOf } from '../../../../src/wms/task-queues/capability.js';
import { requirementsOf } from '../../../../src/wms/task-queues/requirements.js';
import { WaitingQueues } from '../../../../src/wms/task-queues/waiting-queues.js';

const patience = 600_000;
const site = fc.constantFrom('A', 'B', 'C');
const plan = fc.record({
  group: fc.constantFrom('g', 'h'),
  owner: fc.constantFrom('a', 'b', 'c'),
  shared: fc.boolean(),
  processors: fc.integer({ min: 1, max: 4 }),
  sites: fc.subarray(['A', 'B', 'C']),
  priorities: fc.array(fc.nat(3), { minLength: 1, maxLength: 4 }),
  waited: fc.constantFrom(0, patience - 1, patience, 2 * patience),
  /** What the gate, statuses and losses say of it. */
  isFull: fc.boolean(),
  isClosed: fc.boolean(),
});
const pilot = fc.record({
  site,
  processors: fc.integer({ min: 1, max: 6 }),
  more: fc.nat(3),
  wants: fc.integer({ min: 1, max: 3 }),
  owner: fc.constantFrom(null, null, 'a'),
  keptFor: fc.option(fc.nat(7)),
});
const used = fc.dictionary(fc.constantFrom('g a', 'g b', 'g c', 'h a', 'h b', 'h c', 'g', 'h'), fc.nat(3));
type Plan = typeof plan extends fc.Arbitrary<infer One> ? One : never;
type Wish = typeof pilot extends fc.Arbitrary<infer One> ? One : never;

function claimerOf({ site: at, processors, more, wants, owner }: Wish, index: number, plans: readonly Plan[]): Claimer {
  const place = capabilityOf({ sites: [at] });
  if (place instanceof Refusal) throw place;
  const free = { processors, memory: 1e4, gpus: 0, cpuWorkLeft: 1e5, wallLeft: 1e5, idle: more === 0 };
  const whole = { ...free, processors: processors + more, idle: true };
  const admits: Claimer['admits'] = ({ id }) => plans[id]?.isClosed !== true || (id + index) % 3 > 0;
  const avoids = index % 2 === 0 ? new Set([1, 2]) : new Set<number>();
  const whose = { stamp: `p${index}`, vo: 'v', site: at, ce: 'c', owner, separates: true };
  return { ...whose, place, free, whole, wants, admits, avoids, keepsDecision: true, given: [] };
}

/** Queues with their jobs, some waiting for long, on a clock that stands still then. */
function worldOf(plans: readonly Plan[]) {
  let now = 0;
  let id = 0;
  const rows = new Map<number, ClaimableJob & { queue: number }>();
  const queues = new WaitingQueues(() => now);
  for (const [at, { group, owner, shared, processors, sites, priorities, waited }] of plans.entries()) {
    const requirements = requirementsOf(JobDescription.parse({ executable: 'x', min_processors: processors, sites }));
    const heads = priorities.map((headPriority) => ({ headPriority, headJob: (id += 1) }));
    heads.sort((a, b) => b.headPriority - a.headPriority || a.headJob - b.headJob);
    for (const { headPriority, headJob } of heads) {
      const whose = { vo: 'v', owner, owner_group: group, owner_subject: owner, user_priority: headPriority };
      const labels = { job_group: '', job_type: '', site: '', description_id: 1, expansion: null };
      rows.set(headJob, { job_id: headJob, queue: at, ...whose, ...labels, attempt: 0, locked_at: '' });
    }
    now = -waited;
    const ownerSubject = shared ? '' : owner;
    queues.put({ id: at, classId: at, vo: 'v', group, ownerSubject, owner, requirements }, heads, true);
  }
  now = 0;
  const stock = new Stock(queues, {
    next: async (orders) =>
      orders.map(({ queue, limit, owner, without, seen }) =>
        [...rows.values()]
          .filter(
            (row) => row.queue === queue && !seen.includes(row.job_id) && !(without ?? []).includes(row.owner_subject),
          )
          .filter((row) => owner === null || row.owner_subject === owner)
          .slice(0, limit),
      ),
    known: async (wanted) => wanted.flatMap(({ headJob }) => rows.get(headJob) ?? []),
  });
  return { queues, stock };
}

describe('a decision that is kept', () => {
  it('is made again by the same code, from nothing but what is kept, after it was written down', async () => {
    const plans = fc.array(plan, { minLength: 1, maxLength: 8 });
    const pilots = fc.array(pilot, { minLength: 1, maxLength: 5 });
    const seen = new Map<string, number>();
    const count = (what: string): unknown => seen.set(what, (seen.get(what) ?? 0) + 1);
    const property = fc.asyncProperty(plans, pilots, used, async (lists, wishes, uses) => {
      const { queues, stock } = worldOf(lists);
      const turnsWith = (planned: ReadonlyMap<string, number>) => (of: { group: string; ownerSubject: string }) => ({
        vo: 0,
        group: (uses[of.group] ?? 0) + (planned.get(`v\n${of.group}`) ?? 0),
        owner: (uses[`${of.group} ${of.ownerSubject}`] ?? 0) + (planned.get(`v\n${of.group}\n${of.ownerSubject}`) ?? 0),
      });
      const keptFor = wishes.flatMap((wish, at) => (wish.keptFor === null ? [] : [{ at, queue: wish.keptFor }]));
      const kept = new KeptPilots(
        () => ({ patience, keepFor: 3_600_000 }),
        () => 0,
        // Every other one was kept in vain.
        keptFor.map(({ at, queue }) => ({ stamp: `p${at}`, queue, until: (at % 2) * 1_000, freeUntil: 2_000 })),
      );
      const gate: Gate = {
        ...openGate,
        admits: ({ id }) => lists[id]?.isFull !== true,
        take: ({ id }) => (lists[id]?.isFull === true ? 'full' : 'granted'),
        refusedBy: ({ id }) => (lists[id]?.isFull === true ? [`limit ${id}`] : []),
      };
      const claimers = wishes.map((wish, at) => claimerOf(wish, at, lists));
      await distribute(claimers, { stock, turnsWith, gate, kept, now: 0 });
      expect(queues.size).toBeGreaterThan(0);
      for (const { given } of claimers) {
        const [first] = given;
        if (first === undefined) continue;
        const decision = Decision.parse(JSON.parse(JSON.stringify(first.decision)));
        expect(decision).toEqual(first.decision);
        expect(decision.chosen).toEqual({ queue: first.queue.id, job: first.job.job_id });
        expect(decision.candidates.at(-1)).toMatchObject({ queue: first.queue.id, mismatch: null, bar: null });
        expect(decision.leftOut).toBe(0);
        expect(await replay(decision)).toEqual(decision.chosen);
        expect(given.slice(1).every((one) => one.decision === undefined)).toBe(true);
        count('kept');
        const isKept = decision.kept.own !== null && decision.kept.own.until > 0;
        if (isKept) count('kept for');
        for (const { mismatch, bar, limits, keptPilots, waited } of decision.candidates.slice(0, -1)) {
          // Nothing was passed over for no reason.
          if (mismatch === null && bar === null) expect(isKept).toBe(true);
          expect(limits.length > 0).toBe(bar === 'limit');
          count(String(bar ?? mismatch));
          if (mismatch !== null && bar === null && waited >= patience && keptPilots > 0) count('kept by others');
        }
      }
    });
    await fc.assert(property, { numRuns: 500, interruptAfterTimeLimit: 15_000 });
    for (const what of [
      'kept',
      'kept for',
      'kept by others',
      'limit',
      'status',
      'avoided',
      'site',
      'processors',
      'owner',
    ])
      expect([what, (seen.get(what) ?? 0) > 0]).toEqual([what, true]);
  });

  it('holds a bounded number of candidates, and counts the rest', async () => {
    const queues = 300;
    const plans = Array.from({ length: queues }, (_, at): Plan => {
      const what = { sites: ['B'], priorities: [1], waited: 0, isFull: false, isClosed: false };
      return { group: 'g', owner: at % 2 === 0 ? 'a' : 'b', shared: false, processors: 1, ...what };
    });
    const [last] = plans.splice(-1);
    if (last === undefined) throw new Error('There is a plan');
    const { stock } = worldOf([...plans, { ...last, sites: ['A'], priorities: [0] }]);
    const claimer = claimerOf({ site: 'A', processors: 1, more: 0, wants: 1, owner: null, keptFor: null }, 1, plans);
    await distribute([claimer], { stock, turnsWith: () => () => ({ vo: 0, group: 0, owner: 0 }), now: 0 });
    const decision = claimer.given[0]?.decision;
    if (decision === undefined) throw new Error('It is kept');
    expect(decision.candidates.length).toBeLessThan(queues / 2);
    expect(decision.candidates.length + decision.leftOut).toBe(queues);
    expect(await replay(decision)).toEqual({ queue: queues - 1, job: queues });
  });
});
