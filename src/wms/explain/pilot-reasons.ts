import { finalPilotStates, type PilotExplanation, type Reason, waitingPilotStates } from '../../contract/index.js';
import type { Place } from '../task-queues/queue-place.js';
import type { PilotFacts } from './pilot-facts.sql.js';
import { amount, duration, thousands } from './words.js';

/** What else is known of a pilot that got nothing. */
export interface Surroundings {
  /** Its VO takes only pilots that separate payloads, and it does not. */
  lacksIsolation: boolean;
  /** The status that closes its place, or leaves it to tests, in words; null when it is open. */
  status: { verdict: 'tests-only' | 'closed'; words: string } | null;
  /** The task queue for whose job this server keeps it free; null for none. */
  keptFor: number | null;
  /** Its last offer contradicts itself; the sentence says how. */
  contradiction: string | null;
  silentSeconds: number;
  /** Its place and what of it was free by its last offer; null without one, or when it contradicts itself. */
  place: Place | null;
}

/** Why a pilot gets nothing; the first reason matters most. Pure. */
export function pilotReasons(
  pilot: PilotFacts,
  around: Surroundings,
  taskQueues: PilotExplanation['task_queues'],
): Reason[] {
  const reasons = [...ended(pilot), ...standstill(pilot, around)];
  if (finalPilotStates.includes(pilot.status)) return reasons;
  const { place } = around;
  if (pilot.last_offer === null) {
    if (reasons.length === 0) reasons.push({ code: 'no-offer', text: neverAsked(pilot) });
    return reasons;
  }
  if (place !== null && place.free.processors === 0)
    reasons.push({ code: 'full', text: `None of its processors was free when it asked last; it runs ${jobs(pilot)}` });
  // What fits says nothing while no job at all may begin there.
  const barred = reasons.some(({ code }) => ['drain', 'isolation', 'closed', 'kept-free'].includes(code));
  if (taskQueues !== null) reasons.push(...fromQueues(taskQueues).filter(({ code }) => !barred || code !== 'fits'));
  return reasons;
}

function ended({ status, status_reason, ended_at }: PilotFacts): Reason[] {
  if (!finalPilotStates.includes(status)) return [];
  const at = ended_at === null ? '' : ` at ${ended_at.slice(0, 19)} UTC`;
  return [{ code: 'ended', text: `The pilot has ended${at} (${status}: ${status_reason})` }];
}

/** What keeps it from any job. */
function standstill(pilot: PilotFacts, around: Surroundings): Reason[] {
  if (finalPilotStates.includes(pilot.status)) return [];
  const reasons: Reason[] = [];
  const add = (when: boolean, code: string, text: string): void => void (when ? reasons.push({ code, text }) : 0);
  const silent = Number(pilot.silent_for ?? 0);
  const coming = waitingPilotStates.includes(pilot.status) && pilot.silent_for === null;
  add(coming, 'not-started', `It has not started yet: it waits in queue ${pilot.queue} of ${pilot.ce}`);
  add(silent > around.silentSeconds, 'silent', `The server has not heard of it for ${duration(silent)}`);
  add(pilot.drain !== 0, 'drain', 'It was told to take no more jobs and to end');
  add(around.lacksIsolation, 'isolation', 'Its VO takes only pilots that separate payloads, and this one does not');
  if (around.status !== null) {
    const { verdict, words } = around.status;
    add(verdict === 'closed', 'closed', `Nothing may begin there: ${words}`);
    add(verdict === 'tests-only', 'tests-only', `Only jobs of type Test may begin there: ${words}`);
  }
  const kept = `It is kept free for a job of task queue ${around.keptFor} that has waited long and fits it when more of it is free`;
  add(around.keptFor !== null, 'kept-free', kept);
  add(around.contradiction !== null, 'wrong-conditions', `Its offer contradicts itself: ${around.contradiction}`);
  return reasons;
}

function neverAsked(pilot: PilotFacts): string {
  const running = pilot.jobs === 0 ? 'and runs none' : `and runs ${jobs(pilot)}`;
  return `No offer of it was refused: it has not asked for a job in vain since it started, ${running}`;
}

function jobs({ jobs: count }: PilotFacts): string {
  return count === 0 ? 'none' : amount(Number(count), 'job', 'jobs');
}

function fromQueues(queues: NonNullable<PilotExplanation['task_queues']>): Reason[] {
  const { waiting, fitting, of_other_owners: others, nearest } = queues;
  if (waiting === 0) return [{ code: 'no-jobs', text: 'No job of its VO waits' }];
  if (fitting === 0 && nearest !== null) {
    const alike = amount(nearest.alike, 'task queue lacks', 'task queues lack');
    return [
      {
        code: 'nothing-fits',
        text: `None of the ${thousands(waiting)} waiting task queues fits it. Nearest is task queue ${nearest.task_queue}: ${nearest.words} (${alike} just that)`,
      },
    ];
  }
  if (fitting === others)
    return [
      {
        code: 'other-owners',
        text: `${amount(fitting, 'task queue fits', 'task queues fit')}, but of other owners: it cannot keep payloads apart, so it serves only the owner of its first job`,
      },
    ];
  const fit = amount(fitting - others, 'waiting task queue fits', 'waiting task queues fit');
  return [
    {
      code: 'fits',
      text: `${fit} its last offer: it gets a job when it asks again, unless other pilots take them or a limit holds them back`,
    },
  ];
}
