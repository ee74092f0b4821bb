import type { Decision } from '../decisions/decision.js';
import type { ClaimableJob } from '../jobs/claim-jobs.js';
import type { Capability, Free } from '../task-queues/capability.js';
import type { Requirements } from '../task-queues/requirements.js';
import type { Turn } from '../task-queues/shares.js';
import type { WaitingQueue } from '../task-queues/waiting-queue.js';

/** Jobs that somebody is not to get now. */
export type Avoids = ReadonlySet<number>;

/** Cores, MB and GPUs out of an offer. */
export interface Grant {
  processors: number;
  memory: number;
  gpus: number;
}

/** A job that a claimer gets, and what of the offer goes with it. */
export interface Given extends Grant {
  job: ClaimableJob;
  queue: WaitingQueue;
  /** Whose turn it was: use per share of the VO, the group and the owner when the job was chosen. */
  turn: Turn;
  /** All that decided it, where {@link Claimer.keepsDecision} asks for that. */
  decision?: Decision;
}

/** A pilot that asks for jobs, while its claim is being filled. */
export interface Claimer {
  stamp: string;
  vo: string;
  site: string;
  ce: string;
  place: Capability;
  /** What is left of the offer. */
  free: Free;
  /** What the place has when nothing runs there, with the time that is left; without it what is free. */
  whole?: Free;
  /** How many jobs it still takes. */
  wants: number;
  /** Whose jobs it may run only; null when it separates payloads or serves nobody yet. */
  owner: string | null;
  /** Whether it separates payloads, so that it may serve several owners. */
  separates: boolean;
  /** What may begin there beside what fits; without it everything. */
  admits?: (queue: WaitingQueue) => boolean;
  /** Jobs that others shall have: they were lost there a moment ago. Without it none. */
  avoids?: Avoids;
  /** Its first choice is kept as a whole. */
  keepsDecision?: boolean;
  given: Given[];
}

/** What a job is granted: up to the cores that it can use; a whole node gets all there is. */
export function grantOf(requirements: Requirements, free: Free): Grant {
  if (requirements.wholeNode) return { processors: free.processors, memory: free.memory, gpus: free.gpus };
  return {
    processors: Math.min(requirements.maxProcessors, free.processors),
    memory: requirements.minRam,
    gpus: requirements.gpus,
  };
}
