import { Inject, Injectable } from '@nestjs/common';
import type { QueueView } from '../../configuration/index.js';
import { finalPilotStates, waitingPilotStates } from '../../contract/index.js';
import { Database, PLATFORM_CONFIG, type PlatformConfig } from '../../platform/index.js';
import { eligible } from './eligible.js';
import { mayBegin, type Verdict } from '../resource-status/resource-status.js';
import { QueueDefinitions } from './queue-definitions.js';
import { type Place, placeOf } from './queue-place.js';
import { readNonEmptyQueues, readQueuesBetween } from './read-heads.sql.js';
import type { Requirements } from './requirements.js';
import { DemandSharing, type Taker } from './share-demand.js';

/** So many classes are counted before it is looked at again what may still be sent. */
const classesAtOnce = 100;
/** So often (ms) task queues that are empty, but that nobody counted, are forgotten. */
const walkEvery = 900_000;
/** The parser's time and memory grow with the parts of a statement. */
const queuesPerStatement = 100;

/**
 * How many cores the waiting jobs want of each queue: by requirement class, from the database. Jobs beyond what pilots on
 * offer and rooms of queues could take are not counted, so that millions of them cost nothing here.
 */
@Injectable()
export class Demand {
  private readonly definitions: QueueDefinitions;
  private known = new Set<number>();
  private walkedAt = -Infinity;

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
    const classes = (await this.waiting()).flatMap(({ vo, requirements, taskQueues }) => {
      const fitting = offers.filter(
        ({ vo: ofVo, queue, verdict }) =>
          ofVo === vo && mayBegin(requirements.jobType, verdict) && fits(requirements, places.get(queue)),
      );
      return byNode(requirements, fitting).map(([wholeNode, group]) => ({
        coresEach: wholeNode ?? requirements.minProcessors,
        taskQueues,
        takers: group.map(({ key }) => key),
      }));
    });
    const sharing = new DemandSharing(takers);
    // Who has the fewest choices comes first; what nobody can take any more is not counted.
    const inOrder = classes.toSorted((a, b) => a.takers.length - b.takers.length);
    for (let start = 0; start < inOrder.length; start += classesAtOnce) {
      const part = inOrder.slice(start, start + classesAtOnce).map((one) => ({
        ...one,
        most: Math.ceil(sharing.left(one.takers) / one.coresEach),
      }));
      const jobs = await this.count(part);
      part.forEach(({ coresEach, takers: keys }, at) =>
        sharing.add({ cores: (jobs[at] ?? 0) * coresEach, takers: keys }),
      );
    }
    return sharing.shares;
  }

  /** The VOs and requirement classes that have claimable jobs, and their task queues. */
  private async waiting(): Promise<{ vo: string; requirements: Requirements; taskQueues: number[] }[]> {
    const ids = await this.taskQueues();
    const classes = new Map<string, { vo: string; requirements: Requirements; taskQueues: number[] }>();
    for (const { id, vo, classId, requirements } of await this.definitions.find(ids)) {
      const key = `${vo}/${classId}`;
      const of = classes.get(key) ?? { vo, requirements, taskQueues: [] };
      of.taskQueues.push(id);
      classes.set(key, of);
    }
    this.definitions.keep(new Set(ids));
    return [...classes.values()];
  }

  /** The task queues that may have jobs. All jobs are walked through now and then only. */
  private async taskQueues(): Promise<number[]> {
    const now = performance.now();
    if (now - this.walkedAt > walkEvery) {
      this.known = new Set(await readNonEmptyQueues(this.database));
      this.walkedAt = now;
    } else {
      const places = [0, ...[...this.known].toSorted((a, b) => a - b)];
      for (const id of await readQueuesBetween(this.database, places)) this.known.add(id);
    }
    return [...this.known];
  }

  /** How many jobs wait in each of these classes; no more than `most` are counted. */
  private async count(classes: readonly { taskQueues: readonly number[]; most: number }[]): Promise<number[]> {
    const counts = classes.map(() => 0);
    const wanted = classes.flatMap(({ taskQueues, most }, at) =>
      most === 0 ? [] : taskQueues.map((taskQueue) => ({ at, taskQueue, most })),
    );
    for (let start = 0; start < wanted.length; start += queuesPerStatement) {
      const part = wanted.slice(start, start + queuesPerStatement);
      const rows = await this.database.query<{ at: number; id: number; jobs: number }>(
        part
          .map(
            ({ at, taskQueue }) => `(SELECT ${at} AS at, ${taskQueue} AS id, COUNT(*) AS jobs FROM
              (SELECT 1 FROM jobs FORCE INDEX (claimable) WHERE waiting_in = ? LIMIT ?) AS first)`,
          )
          .join(' UNION ALL '),
        part.flatMap(({ taskQueue, most }) => [taskQueue, most]),
      );
      for (const { at, id, jobs } of rows) {
        counts[Number(at)] = (counts[Number(at)] ?? 0) + Number(jobs);
        if (Number(jobs) === 0) this.known.delete(Number(id));
      }
    }
    return counts;
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
