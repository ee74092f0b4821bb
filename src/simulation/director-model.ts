import { planPilots } from '../agents/index.js';
import type { Configuration } from '../configuration/index.js';
import { eligible, shareDemand } from '../wms/index.js';
import type { QueueOfKinds } from './job-kind.js';
import { type PilotKind, wholeOffer } from './pilot-model.js';

/** How often pilots are planned (s). */
export const directorEverySeconds = 120;

/** The site director's plan: how many pilots of each kind are to be sent now. The server's own rules. */
export class DirectorModel {
  /** By requirement class: the kinds that could run it. */
  private readonly takers = new Map<number, readonly PilotKind[]>();

  constructor(
    private readonly configuration: Configuration,
    private readonly kinds: readonly PilotKind[],
  ) {}

  /** `waiting`: jobs that wait, by task queue. */
  plan(waiting: Iterable<{ queue: QueueOfKinds; jobs: number }>): Map<PilotKind, number> {
    const byClass = new Map<string, { cores: number; takers: string[] }>();
    for (const { queue, jobs } of waiting) {
      if (jobs === 0) continue;
      const key = `${queue.entity.vo}/${queue.classId}`;
      const known = byClass.get(key) ?? { cores: 0, takers: this.takersOf(queue).map((kind) => kind.key) };
      known.cores += jobs * queue.requirements.minProcessors;
      byClass.set(key, known);
    }
    const takers = this.kinds.map((kind) => ({ key: kind.key, onOffer: onOfferOf(kind), room: roomOf(kind) }));
    const demand = shareDemand(takers, [...byClass.values()]);
    const planned = planPilots(
      this.kinds.map((kind) => ({
        key: kind.key,
        vo: kind.vo,
        site: kind.queue.site,
        place: placeOf(kind),
        demand: demand.get(kind.key) ?? 0,
        onOffer: onOfferOf(kind),
        waiting: kind.waiting,
        processors: kind.queue.processors,
        circuit: 'closed' as const,
        probes: null,
      })),
      this.caps(),
    );
    return new Map(this.kinds.flatMap((kind) => (planned.has(kind.key) ? [[kind, planned.get(kind.key) ?? 0]] : [])));
  }

  /** The kinds of pilots that could run jobs of this queue. */
  takersOf({ classId, entity, requirements }: QueueOfKinds): readonly PilotKind[] {
    const all =
      this.takers.get(classId) ??
      this.kinds.filter((kind) => eligible(requirements, kind.place, wholeOffer(kind)) === null);
    this.takers.set(classId, all);
    return all.filter(({ vo }) => vo === entity.vo);
  }

  private caps(): Parameters<typeof planPilots>[1] {
    const { sites, vos } = this.configuration;
    const liveBy = (nameOf: (kind: PilotKind) => string): Map<string, number> => {
      const sums = new Map<string, number>();
      for (const kind of this.kinds)
        sums.set(nameOf(kind), (sums.get(nameOf(kind)) ?? 0) + kind.waiting + kind.running);
      return sums;
    };
    const live = { place: liveBy(placeOf), site: liveBy(({ queue }) => queue.site), vo: liveBy(({ vo }) => vo) };
    const waiting = new Map<string, number>();
    for (const kind of this.kinds) waiting.set(placeOf(kind), (waiting.get(placeOf(kind)) ?? 0) + kind.waiting);
    return {
      queues: new Map(
        this.kinds.map((kind) => [
          placeOf(kind),
          {
            maxWaiting: kind.queue.max_waiting_pilots,
            maxPilots: kind.queue.max_pilots,
            waiting: waiting.get(placeOf(kind)) ?? 0,
            live: live.place.get(placeOf(kind)) ?? 0,
          },
        ]),
      ),
      sites: capsOf(sites, live.site),
      vos: capsOf(vos, live.vo),
    };
  }
}

function capsOf(
  of: Readonly<Record<string, { max_pilots: number }>>,
  live: ReadonlyMap<string, number>,
): Map<string, { maxPilots: number; live: number }> {
  return new Map(
    Object.entries(of).map(([name, { max_pilots: maxPilots }]) => [name, { maxPilots, live: live.get(name) ?? 0 }]),
  );
}

function placeOf({ queue: { site, ce, queue } }: PilotKind): string {
  return `${site}/${ce}/${queue}`;
}

function onOfferOf({ waiting, idle, queue }: PilotKind): number {
  return (waiting + [...idle].filter(({ runs }) => runs.size === 0).length) * queue.processors;
}

function roomOf({ waiting, running, queue }: PilotKind): number {
  const pilots = Math.min(queue.max_pilots - waiting - running, queue.max_waiting_pilots - waiting);
  return Math.max(0, pilots) * queue.processors;
}
