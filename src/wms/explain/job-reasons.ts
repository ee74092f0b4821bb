import type { Ahead, Fit, JobStatus, Reason, RequirementName, Waiting } from '../../contract/index.js';
import type { AttemptFacts, JobFacts } from './job-facts.sql.js';
import { amount, duration, thousands } from './words.js';

/** Why a job that cannot be claimed now is where it is; the first reason matters most. Pure. */
export function stateReasons(job: JobFacts, attempt: AttemptFacts | undefined): Reason[] {
  if (job.status === 'Waiting') return waitsForLease(job);
  const told = words[job.status](job, attempt);
  const executing =
    job.lease_attempt === null || !['Killed', 'Deleted', 'Failed', 'Rescheduled'].includes(job.status)
      ? []
      : [{ code: 'still-executing', text: stillExecuting(job) }];
  return [{ code: codeOf(job.status), text: told }, ...executing];
}

function codeOf(status: JobStatus): string {
  return status.toLowerCase();
}

function waitsForLease(job: JobFacts): Reason[] {
  if (job.lease_attempt === null)
    return [
      { code: 'no-task-queue', text: 'It waits, but stands in no task queue; it is put into one within a minute' },
    ];
  return [{ code: 'earlier-attempt', text: `${stillExecuting(job)} The next attempt can begin only then` }];
}

function stillExecuting({ lease_attempt, lease_pilot, lease_left }: JobFacts): string {
  const left = Math.max(0, Number(lease_left ?? 0));
  return `Attempt ${lease_attempt} on pilot ${lease_pilot} may still be executing: it is over when the pilot says so, or at the latest shortly after its lease, in ${duration(left)}.`;
}

const place = (attempt: AttemptFacts | undefined): string =>
  attempt === undefined ? '' : ` at ${attempt.site} (${attempt.ce}${attempt.host === null ? '' : `, ${attempt.host}`})`;
const pilot = (attempt: AttemptFacts | undefined): string =>
  attempt === undefined
    ? 'something that Pilotage did not start'
    : `attempt ${attempt.attempt} on pilot ${attempt.pilot_stamp}`;
const utc = (time: string): string => `${time.slice(0, 19)} UTC`;
const at = (time: string | null): string => (time === null ? '' : ` at ${utc(time)}`);
const ended = (how: string) => (job: JobFacts, attempt: AttemptFacts | undefined) =>
  `${how}${at(job.end_exec_time ?? job.last_update_time)}${place(attempt)}: ${job.minor_status}`;

/** Each state in words. */
const words: Record<Exclude<JobStatus, 'Waiting'>, (job: JobFacts, attempt: AttemptFacts | undefined) => string> = {
  Submitting: () => 'Its submission has not been confirmed yet',
  Received: () => 'It was accepted and has not been checked yet',
  Checking: ({ minor_status }) => `It is being checked: ${minor_status}`,
  Staging: ({ minor_status }) => `Its input data are being staged: ${minor_status}`,
  Matched: (_, attempt) => `It was claimed${at(attempt?.claimed_at ?? null)}${place(attempt)} by ${pilot(attempt)}; its payload has not begun yet`, // prettier-ignore
  Running: ({ start_exec_time: start }, attempt) => `It runs${start === null ? '' : ` since ${utc(start)}`}${place(attempt)}: ${pilot(attempt)}`, // prettier-ignore
  Stalled: (_, attempt) => `Its pilot has been silent for a while${place(attempt)}: ${pilot(attempt)}. If it stays silent, the job runs again when the lease is over`, // prettier-ignore
  Completing: (_, attempt) => `Its payload has ended${place(attempt)} and its outputs are being brought home`,
  Done: ended('It is done'),
  Completed: ended('Its payload has completed'),
  Failed: (job, attempt) => `${ended('It failed')(job, attempt)}${failure(attempt)}`,
  Killed: ended('It was killed'),
  Deleted: ended('It was deleted'),
  Rescheduled: ({ minor_status }) => `It is being put back into its task queue: ${minor_status}`,
};

function failure(attempt: AttemptFacts | undefined): string {
  if (attempt?.failure_class === null || attempt?.failure_class === undefined) return '';
  const code = attempt.exit_code === null ? '' : `, exit code ${attempt.exit_code}`;
  return ` (${attempt.failure_class}${code})`;
}

/** Why jobs wait that can be claimed; the first reason matters most. Pure. */
export function waitingReasons(
  { fit, share, supply, limits }: Omit<Waiting, 'estimate'>,
  ahead: { in_task_queue: Ahead; in_share_entity: Ahead },
): Reason[] {
  const open = fit.fitting.queues + fit.fitting.pilots - fit.closed.queues - fit.closed.pilots;
  if (fit.known.queues + fit.known.pilots === 0)
    return [
      { code: 'no-resources', text: 'No queue of the configuration is open to this VO, and no pilot of it was seen' },
    ];
  if (fit.fitting.queues + fit.fitting.pilots === 0) return [nothingFits(fit), ...boundElsewhere(fit)];
  const reasons: Reason[] = [];
  if (open === 0) reasons.push(allClosed(fit));
  else if (fit.fitting.pilots - fit.closed.pilots <= 0)
    reasons.push(noPilots(fit, supply.pilots_coming), ...boundElsewhere(fit));
  reasons.push(...limits);
  if (share.entities_before > 0) reasons.push({ code: 'turn', text: turnInWords(share) });
  const { in_task_queue: queue, in_share_entity: entity } = ahead;
  if (queue.jobs + entity.jobs > 0) reasons.push({ code: 'position', text: positionInWords(queue, entity) });
  if (reasons.length === 0)
    reasons.push({ code: 'next', text: 'Nothing stands in its way: the next pilot that fits gets it' });
  return reasons;
}

function nothingFits(fit: Fit): Reason {
  const { known, never_together: never, requirements } = fit;
  const all = inWords(known);
  const names = never ?? [];
  if (names.length === 1) {
    const [asked] = requirements.filter(({ requirement }) => requirement === names[0]);
    return { code: 'nothing-fits', text: `None of ${all} offers what it asks for: ${asked?.asks ?? names[0]}` };
  }
  const parts = names.map((name) => {
    const count = requirements.find(({ requirement }) => requirement === name);
    return `${count?.asks ?? labels[name]} (${inWords(count?.pass ?? { queues: 0, pilots: 0 })})`;
  });
  return {
    code: 'nothing-fits',
    text: `None of ${all} offers these together, though some offer each: ${parts.join('; ')}`,
  };
}

function allClosed(fit: Fit): Reason {
  const troubles = [...new Set(fit.places.flatMap(({ trouble }) => trouble ?? []))];
  return { code: 'closed', text: `${inWords(fit.fitting)} fit, but may not be used: ${troubles.join('; ')}` };
}

function noPilots(fit: Fit, coming: number): Reason {
  const queues = amount(fit.fitting.queues - fit.closed.queues, 'queue fits', 'queues fit');
  if (coming > 0)
    return {
      code: 'pilots-coming',
      text: `${queues}, no pilot runs there yet; ${amount(coming, 'is', 'are')} on the way`,
    };
  const troubles = [...new Set(fit.places.flatMap(({ trouble }) => trouble ?? []))];
  const why = troubles.length === 0 ? 'the site director sends some in its next cycles' : troubles.join('; ');
  return { code: 'no-pilots', text: `${queues}, but no pilot runs there and none is on the way: ${why}` };
}

function boundElsewhere({ bound_elsewhere: bound }: Fit): Reason[] {
  if (bound === 0) return [];
  const text = `${amount(bound, 'pilot fits but serves', 'pilots fit but serve')} another owner, because it cannot keep payloads apart`;
  return [{ code: 'bound-elsewhere', text }];
}

function turnInWords({ entities, entities_before: before, group, before: names }: Waiting['share']): string {
  const who = names === null || names.length === 0 ? '' : `: ${names.join(', ')}${before > names.length ? ' …' : ''}`;
  const groups =
    group.groups_before === 0 ? '' : `, of ${amount(group.groups_before, 'other group', 'other groups')} too`;
  return `By the shares ${thousands(before)} of ${thousands(entities)} owners or groups with waiting jobs go first${groups}${who}`;
}

function positionInWords(queue: Ahead, entity: Ahead): string {
  const jobs = ({ jobs: count, at_least }: Ahead): string =>
    `${at_least ? 'at least ' : ''}${amount(count, 'job', 'jobs')}`;
  const parts = [
    ...(queue.jobs === 0 ? [] : [`${jobs(queue)} of its task queue`]),
    ...(entity.jobs === 0 ? [] : [`${jobs(entity)} of other task queues`]),
  ];
  const one = queue.jobs + entity.jobs === 1;
  return `Of the same owner, ${parts.join(' and ')} ${one ? 'goes' : 'go'} first`;
}

/** Counts of resources in words. */
export function inWords({ queues, pilots }: { queues: number; pilots: number }): string {
  return `${amount(queues, 'queue', 'queues')} and ${amount(pilots, 'pilot', 'pilots')}`;
}

const labels: Record<RequirementName, string> = {
  site: 'the site',
  'banned-site': 'the banned sites',
  ce: 'the computing element',
  platform: 'the platform',
  'job-type': 'the job type',
  tags: 'the tags',
  'required-tags': 'the tags that the place demands',
  'banned-by-place': 'what the place refuses',
  'whole-node': 'a whole node',
  processors: 'the processors',
  memory: 'the memory',
  gpus: 'the GPUs',
  'cpu-work': 'the CPU work',
  'wall-time': 'the wall time',
};
