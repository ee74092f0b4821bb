import { Inject, Injectable } from '@nestjs/common';
import type { QueueView } from '../../configuration/index.js';
import { finalPilotStates, waitingPilotStates } from '../../contract/index.js';
import { Database, PLATFORM_CONFIG, type PlatformConfig } from '../../platform/index.js';
import { eligible } from './eligible.js';
import { mayBegin, type Verdict } from '../resource-status/resource-status.js';
import { QueueDefinitions } from './queue-definitions.js';
import { type Place, placeOf } from './queue-place.js';
import type { Requirements } from './requirements.js';
import { type ClassDemand, shareDemand, type Taker } from './share-demand.js';

/** How many cores the waiting jobs want of each queue: by requirement class, from the database. */
@Injectable()
export class Demand {
  private readonly definitions: QueueDefinitions;

  constructor(
    private readonly database: Database,
    @Inject(PLATFORM_CONFIG) private readonly settings: PlatformConfig,
  ) {
    this.definitions = new QueueDefinitions(database);
  }

  /**
   * Cores wanted of each queue for each of its VOs, by {@link demandKey}. Each class's demand is shared among the queues
   * that match it, so the sum is never more than what waits. Cores of pilots that wait or idle are not subtracted. Where
   * nothing may begin, or only tests, others get the share.
   */
  async byQueue(
    queues: readonly QueueView[],
    verdictAt: (at: { vo: string; site: string; ce: string }) => Verdict['verdict'] = () => 'open',
  ): Promise<Map<string, number>> {
    const offers = queues
      .flatMap((queue) =>
        queue.vos.map((vo) => {
          const at = { ...queue, vo };
          return { key: demandKey(at), vo, queue, verdict: verdictAt(at) };
        }),
      )
      .filter(({ verdict }) => verdict !== 'closed');
    const takers = await this.takers(offers);
    const places = new Map(queues.map((queue) => [queue, placeOf(queue)]));
    const classes: ClassDemand[] = [];
    for (const { vo, requirements, jobs } of await this.waiting()) {
      const fitting = offers.filter(
        ({ vo: ofVo, queue, verdict }) =>
          ofVo === vo && mayBegin(requirements.jobType, verdict) && fits(requirements, places.get(queue)),
      );
      for (const [wholeNode, group] of byNode(requirements, fitting)) {
        const cores = wholeNode ?? requirements.minProcessors;
        classes.push({ cores: jobs * cores, takers: group.map(({ key }) => key) });
      }
    }
    return shareDemand(takers, classes);
  }

  /** The claimable jobs by VO and requirement class. */
  private async waiting(): Promise<{ vo: string; requirements: Requirements; jobs: number }[]> {
    const counts = await this.database.query<{ id: number; jobs: number }>(
      `SELECT waiting_in AS id, COUNT(*) AS jobs FROM jobs FORCE INDEX (claimable)
       WHERE waiting_in IS NOT NULL GROUP BY waiting_in`,
    );
    const jobs = new Map(counts.map(({ id, jobs: count }) => [id, Number(count)]));
    const classes = new Map<string, { vo: string; requirements: Requirements; jobs: number }>();
    for (const { id, vo, classId, requirements } of await this.definitions.find([...jobs.keys()])) {
      const key = `${vo}/${classId}`;
      const sum = classes.get(key) ?? { vo, requirements, jobs: 0 };
      sum.jobs += jobs.get(id) ?? 0;
      classes.set(key, sum);
    }
    this.definitions.keep(new Set(jobs.keys()));
    return [...classes.values()];
  }

  /** What stands ready at each queue, and what may still be sent there. */
  private async takers(offers: readonly { key: string; vo: string; queue: QueueView }[]): Promise<Taker[]> {
    const pilots = await this.pilots();
    const live = new Map<string, { live: number; waiting: number }>();
    for (const row of pilots) {
      const key = demandKey({ ...row, vo: '' });
      const sum = live.get(key) ?? { live: 0, waiting: 0 };
      live.set(key, { live: sum.live + row.live, waiting: sum.waiting + row.waiting });
    }
    const onOffer = new Map(pilots.map((row) => [demandKey(row), row.onOffer]));
    return offers.map(({ key, queue }) => {
      const there = live.get(demandKey({ ...queue, vo: '' })) ?? { live: 0, waiting: 0 };
      const free = Math.min(queue.max_pilots - there.live, queue.max_waiting_pilots - there.waiting);
      return { key, onOffer: onOffer.get(key) ?? 0, room: Math.max(0, free) * queue.processors };
    });
  }

  private pilots(): Promise<
    { vo: string; site: string; ce: string; queue: string; live: number; waiting: number; onOffer: number }[]
  > {
    return this.database.query(
      `SELECT p.vo, p.site, p.ce, p.queue, COUNT(*) AS live, CAST(SUM(p.status IN (?)) AS SIGNED) AS waiting,
         CAST(SUM(IF(p.status IN (?) OR (p.status = 'Running' AND NOT p.drain AND p.bound_owner IS NULL
           AND COALESCE(p.last_contact, p.last_update_time) > NOW(6) - INTERVAL ? SECOND
           AND NOT EXISTS (SELECT 1 FROM leases l WHERE l.pilot_stamp = p.stamp)), p.processors, 0)) AS SIGNED) AS onOffer
       FROM pilots p WHERE p.status NOT IN (?) GROUP BY p.vo, p.site, p.ce, p.queue`,
      [waitingPilotStates, waitingPilotStates, this.settings.silentSeconds, finalPilotStates],
    );
  }
}

/** The name of a queue as one VO uses it: `vo/site/ce/queue`, lower case, because names compare so. */
export function demandKey(of: { vo: string; site: string; ce: string; queue: string }): string {
  return [of.vo, of.site, of.ce, of.queue].join('/').toLowerCase();
}

function fits(requirements: Requirements, place: Place | null | undefined): boolean {
  return place !== null && place !== undefined && eligible(requirements, place.capability, place.free) === null;
}

/** A whole-node job takes all cores of its pilot, so queues with nodes of one size share its demand. */
function byNode<T extends { queue: QueueView }>(
  requirements: Requirements,
  offers: readonly T[],
): [number | null, T[]][] {
  if (!requirements.wholeNode) return [[null, [...offers]]];
  const [first] = offers.map(({ queue }) => queue.processors).toSorted((a, b) => a - b);
  if (first === undefined) return [];
  return [[first, offers.filter(({ queue }) => queue.processors === first)]];
}
