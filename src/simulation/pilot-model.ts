import { type QueueView } from '../configuration/index.js';
import { Refusal } from '../contract/index.js';
import { type Capability, capabilityOf, type Claimer, demandKey, type Free } from '../wms/index.js';
import type { PilotBehaviour } from './scenario.js';

/** Pilots of one VO in one queue of a CE. */
export interface PilotKind {
  key: string;
  vo: string;
  queue: QueueView;
  place: Capability;
  behaviour: PilotBehaviour;
  /** Pilots that have been submitted and have not started, and those that have started and not ended. */
  waiting: number;
  running: number;
  /** Those that ask for jobs and get none, by number; the first has waited longest. */
  idle: Set<SimulatedPilot>;
  sent: number;
}

/** A job on a pilot. Times in seconds. */
export interface Run {
  job: number;
  processors: number;
  memory: number;
  gpus: number;
  startedAt: number;
}

/** A pilot that runs. */
export interface SimulatedPilot {
  number: number;
  kind: PilotKind;
  startedAt: number;
  endsAt: number;
  free: { processors: number; memory: number; gpus: number };
  runs: Set<Run>;
  /** Its node fails every job. */
  blackHole: boolean;
  asks: boolean;
  ended: boolean;
  /** Since when nothing runs there. */
  idleSince: number;
}

/** The kinds that a queue has, one for each of its VOs; none when it requires tags that it does not have. */
export function kindsOf(queue: QueueView, behaviour: PilotBehaviour): PilotKind[] {
  const place = capabilityOf({
    sites: [queue.site],
    ces: [queue.ce],
    platforms: queue.platforms,
    tags: queue.processors > 1 ? [...queue.tags, 'MultiProcessor'] : queue.tags,
    requiredTags: queue.required_tags,
    wholeNode: queue.whole_node,
  });
  if (place instanceof Refusal) return [];
  const counts = { waiting: 0, running: 0, sent: 0 };
  return queue.vos.map((vo) => ({
    key: demandKey({ ...queue, vo }),
    vo,
    queue,
    place,
    behaviour,
    ...counts,
    idle: new Set<SimulatedPilot>(),
  }));
}

/** What a fresh pilot of this kind offers. */
export function wholeOffer({ queue }: PilotKind): Free {
  const { processors, memory, gpus, max_wall_time: wallLeft, cpu_power } = queue;
  return { processors, memory, gpus, wallLeft, cpuWorkLeft: wallLeft * cpu_power, idle: true };
}

/** A pilot's claim for whatever it has free. */
export function claimOf(pilot: SimulatedPilot, now: number): Claimer {
  const { kind, free, endsAt, runs } = pilot;
  const wallLeft = Math.max(0, endsAt - now);
  return {
    stamp: String(pilot.number),
    vo: kind.vo,
    site: kind.queue.site,
    ce: kind.queue.ce,
    place: kind.place,
    free: { ...free, wallLeft, cpuWorkLeft: wallLeft * kind.queue.cpu_power, idle: runs.size === 0 },
    wants: free.processors,
    owner: null,
    separates: true,
    given: [],
  };
}
