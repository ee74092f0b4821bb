import type { ClaimableJob } from '../jobs/claim-jobs.js';
import { type Claimer, distribute } from '../matching/distribute.js';
import { type KeptPilot, KeptPilots } from '../matching/kept-pilots.js';
import { Stock } from '../matching/stock.js';
import type { Head, Turn } from '../task-queues/shares.js';
import { WaitingQueues } from '../task-queues/waiting-queues.js';
import type { Candidate, Decision } from './decision.js';

/**
 * Decides again, with the matcher's own code and nothing but what the decision holds. What barred task queues beside
 * requirements, order and patience (limits, the status of resources, jobs that others had taken) is taken as it was.
 * Null: it gives no job.
 */
export async function replay(decision: Decision): Promise<Decision['chosen'] | null> {
  const { stamp, vo, site, ce, place, free, whole, ownerOnly: owner, separates, candidates } = decision;
  const bars = new Map(candidates.map((one) => [one.queue, one.bar]));
  const admits: Claimer['admits'] = ({ id }) => (bars.get(id) ?? null) === null;
  const claimer: Claimer = { stamp, vo, site, ce, place, free, whole, wants: 1, owner, separates, given: [], admits };
  const turns = new Map(candidates.map((one) => [`${one.group}\n${one.ownerSubject}`, one.turn]));
  const turnOf = ({ group, ownerSubject }: { group: string; ownerSubject: string }): Turn =>
    turns.get(`${group}\n${ownerSubject}`) ?? { vo: 0, group: 0, owner: 0 };
  await distribute([claimer], { stock: stockOf(decision), turnsWith: () => turnOf, kept: keptOf(decision), now: 0 });
  const [given] = claimer.given;
  return given === undefined ? null : { queue: given.queue.id, job: given.job.job_id };
}

function stockOf({ vo, ownerOnly, candidates, requirements }: Decision): Stock {
  let now = 0;
  const queues = new WaitingQueues(() => now);
  for (const candidate of candidates) {
    const { queue: id, classId, group, ownerSubject, owner, waited } = candidate;
    const required = requirements[classId];
    if (required === undefined) throw new Error(`The decision does not hold what class ${classId} requires`);
    now = -waited;
    queues.put({ id, classId, vo, group, ownerSubject, owner, requirements: required }, headsOf(candidate), true);
  }
  now = 0;
  const rows = candidates.map((one) => rowOf(one, vo, ownerOnly));
  return new Stock(queues, {
    next: async (orders) => orders.map(({ queue }) => rows.filter((_, at) => candidates[at]?.queue === queue)),
    known: async (wanted) => rows.filter(({ job_id }) => wanted.some(({ headJob }) => headJob === job_id)),
  });
}

/** Behind the head stand nameless jobs, as many as were known: by their number pilots are kept free. */
function headsOf({ headPriority, headJob, knownJobs }: Candidate): Head[] {
  const behind = Array.from({ length: Math.max(0, knownJobs - 1) }, () => ({ headPriority: -Infinity, headJob: 0 }));
  return [{ headPriority, headJob }, ...behind];
}

function keptOf({ stamp, candidates, kept: { patience, own } }: Decision): KeptPilots {
  const others = candidates.flatMap(({ queue, keptPilots }): KeptPilot[] => {
    const count = keptPilots - (own?.queue === queue && own.until > 0 ? 1 : 0);
    const terms = { queue, until: Infinity, freeUntil: Infinity };
    return Array.from({ length: count }, (_, at) => ({ stamp: `${queue}/${at}`, ...terms }));
  });
  const all = own === null ? others : [...others, { stamp, ...own }];
  return new KeptPilots(
    () => ({ patience, keepFor: Infinity }),
    () => 0,
    all,
  );
}

function rowOf(candidate: Candidate, vo: string, ownerOnly: string | null): ClaimableJob {
  const { headJob, headPriority, group, owner, ownerSubject } = candidate;
  const owner_subject = ownerSubject === '' ? (ownerOnly ?? '') : ownerSubject;
  const whose = { vo, owner, owner_group: group, owner_subject };
  const labels = { job_group: '', job_type: '', site: '', description_id: 0, expansion: null };
  return { job_id: headJob, user_priority: headPriority, ...whose, ...labels, attempt: 0, locked_at: '' };
}
