import { Inject, Injectable } from '@nestjs/common';
import { type Configuration, CurrentConfiguration, queuesOf, type QueueView } from '../../configuration/index.js';
import { type Offer, Refusal } from '../../contract/index.js';
import { Database, PLATFORM_CONFIG, type PlatformConfig } from '../../platform/index.js';
import { freeOf, placeOf as placeOfPilot, queueOfPilot } from '../matching/pilot-place.js';
import { ResourceStatuses } from '../resource-status/resource-statuses.js';
import { type Place, placeOf } from '../task-queues/queue-place.js';
import { type PilotShape, readAborted, readPilotShapes, readTroubles } from './pilots-seen.sql.js';
import { abortedInWords, circuitInWords, statusInWords } from './queue-troubles.js';
import type { Resource } from './resources.js';
import { SharedReading } from './shared-reading.js';

/** What a VO's jobs could run on. */
export interface Known {
  queues: Resource[];
  /** Pilots that serve anybody of the VO, or only the owner in question. */
  pilots: Resource[];
  /** Pilots that serve another owner. */
  bound: Resource[];
  /** Pilots on their way, by {@link placeKey}. */
  coming: ReadonlyMap<string, number>;
}

interface Snapshot {
  shapes: PilotShape[];
  /** Why no pilots come to a queue, in words, by {@link placeKey}. */
  troubles: Map<string, string>;
}

/** Pilots are looked at again after so long (ms): this many change little in a moment, and counting them costs. */
const lookAgainAfter = 10_000;

/** The queues of the configuration and the pilots seen lately, as places that jobs can be held against. */
@Injectable()
export class KnownResources {
  private readonly snapshots = new SharedReading<Snapshot>(lookAgainAfter, (vo) => this.read(vo));
  private readonly places = new WeakMap<Configuration, { queue: QueueView; place: Place }[]>();

  constructor(
    private readonly database: Database,
    private readonly configuration: CurrentConfiguration,
    private readonly statuses: ResourceStatuses,
    @Inject(PLATFORM_CONFIG) private readonly settings: PlatformConfig,
  ) {}

  /** What is known of a VO, for an owner (`subject`). Pilots as of at most a minute ago. */
  async of(vo: string, subject: string): Promise<Known> {
    const { shapes, troubles } = await this.snapshots.of(vo);
    const coming = new Map<string, number>();
    for (const shape of shapes) coming.set(placeKey(shape), (coming.get(placeKey(shape)) ?? 0) + Number(shape.coming));
    const known: Known = { queues: this.queuesOf(vo, troubles), pilots: [], bound: [], coming };
    for (const shape of shapes) {
      const resource = Number(shape.running) === 0 ? null : this.pilotsOf(vo, shape);
      if (resource === null) continue;
      (shape.bound === '' || shape.bound === subject ? known.pilots : known.bound).push(resource);
    }
    return known;
  }

  private queuesOf(vo: string, troubles: ReadonlyMap<string, string>): Resource[] {
    const { document } = this.configuration.get();
    const places = this.places.get(document) ?? placesOf(document);
    this.places.set(document, places);
    return places
      .filter(({ queue }) => queue.vos.some((name) => name.toLowerCase() === vo.toLowerCase()))
      .map(({ queue: { site, ce, queue, max_pilots }, place }) => {
        const { verdict, because } = this.statuses.verdict({ vo, site, ce });
        const none = max_pilots === 0 ? 'its configuration allows no pilots (max_pilots: 0)' : null;
        const trouble = statusInWords(because) ?? none ?? troubles.get(placeKey({ site, ce, queue })) ?? null;
        return { kind: 'queue', site, ce, queue, place, count: 1, verdict, trouble };
      });
  }

  /** Pilots as they are when nothing runs on them. */
  private pilotsOf(vo: string, shape: PilotShape): Resource | null {
    const { site, ce, queue, platform, running } = shape;
    const view = queueOfPilot(this.configuration.get().document, shape);
    const pilot = { ...shape, node: platform === null ? null : JSON.stringify({ platform }) };
    const offer = wholeOffer(shape, view?.memory ?? 0);
    const capability = placeOfPilot(pilot, offer, view);
    if (capability instanceof Refusal) return null;
    const place = { capability, free: freeOf(pilot, offer, view) };
    const { verdict, because } = this.statuses.verdict({ vo, site, ce });
    return { kind: 'pilots', site, ce, queue, place, count: Number(running), verdict, trouble: statusInWords(because) };
  }

  private async read(vo: string): Promise<Snapshot> {
    const [shapes, aborted, circuits] = await Promise.all([
      readPilotShapes(this.database, vo, this.settings.silentSeconds),
      readAborted(this.database, vo),
      readTroubles(this.database, vo),
    ]);
    const served = new Set(shapes.filter(({ running }) => Number(running) > 0).map(placeKey));
    const lost = aborted.filter((pilot) => !served.has(placeKey(pilot)));
    // A circuit says more than the pilots that opened it.
    const troubles = new Map([
      ...lost.map((pilot): [string, string] => [placeKey(pilot), abortedInWords(pilot)]),
      ...circuits.map((circuit): [string, string] => [placeKey(circuit), circuitInWords(circuit)]),
    ]);
    return { shapes, troubles };
  }
}

/** The name of a place within a VO; names compare without case. */
export function placeKey({ site, ce, queue }: { site: string; ce: string; queue: string }): string {
  return [site, ce, queue].join('/').toLowerCase();
}

function placesOf(document: Configuration): { queue: QueueView; place: Place }[] {
  return queuesOf(document).flatMap((queue) => {
    const place = placeOf(queue);
    return place === null ? [] : [{ queue, place }];
  });
}

/** What pilots of this shape offer when they are idle; their time is their queue's. */
function wholeOffer({ processors, memory, gpus, offered }: PilotShape, queueMemory: number): Offer {
  const [tags, required_tags, platforms] = offered === null ? [] : (JSON.parse(offered) as string[][]);
  return {
    platforms: platforms ?? [],
    processors,
    memory: memory === null ? queueMemory : Number(memory),
    gpus: Number(gpus ?? 0),
    cpu_work_left: Infinity,
    wall_left: Infinity,
    tags: tags ?? [],
    required_tags: required_tags ?? [],
    idle: true,
  };
}
