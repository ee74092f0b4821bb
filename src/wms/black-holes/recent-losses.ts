import type { BlackHoleRules } from '../../configuration/index.js';
import { keyOf, type Place } from './evidence.js';
import { fewestHosts } from './blast-radius.js';
import type { Loss } from './note-ends.sql.js';

export type BrakeRules = Pick<BlackHoleRules, 'fast' | 'brake'>;

/** A pilot or host that gets no job for a moment. */
export interface Braked extends Place {
  reason: string;
}

interface Losing {
  place: Place;
  /** When each job was lost there that nothing has made up for (ms). */
  jobs: Map<number, number>;
  /** When each job was lost there last (ms). */
  lost: Map<number, number>;
  /** No job before this moment (ms). */
  until: number;
}

/** Losses are remembered for so many pauses, and not shorter than this (ms). */
const pausesRemembered = 10;
const leastMemory = 300_000;
/** More places than this lose jobs only when all do; then nobody is helped by waiting. */
const mostPlaces = 20_000;

/**
 * The pilots and hosts that have just lost jobs soon after their claim. One that lost enough different jobs gets none
 * for a pause; after it, one more loss is enough. Each attempt that ends otherwise makes up for one loss. Where fewer than
 * three hosts have got jobs nothing is held back: there are no others to take them. Times are passed in, in milliseconds of a clock that never jumps.
 */
export class RecentLosses {
  private readonly places = new Map<string, Losing>();
  private latest = 0;
  /** Hosts that got jobs. */
  private readonly used = new Set<string>();
  /** The host of each pilot that lost something. */
  private readonly hosts = new Map<string, Place>();

  /** A host got a job. */
  uses(host: string): void {
    if (this.used.size > mostPlaces) this.used.clear();
    this.used.add(host);
  }

  /** Takes down a loss. Losing the same job again is no other loss. */
  lost(loss: Loss, rules: BrakeRules, now: number): void {
    if (loss.seconds > rules.fast) return;
    this.latest = now;
    if (this.places.size > mostPlaces) this.forgetOld(rules, now);
    if (this.places.size > mostPlaces) return;
    const host = loss.host === '' ? null : ({ level: 'host', name: `${loss.site}/${loss.host}` } as const);
    if (host !== null) this.hosts.set(loss.pilot, host);
    for (const place of [{ level: 'pilot', name: loss.pilot } as const, ...(host === null ? [] : [host])]) {
      const losing = this.places.get(keyOf(place)) ?? {
        place,
        jobs: new Map<number, number>(),
        lost: new Map<number, number>(),
        until: 0,
      };
      this.places.set(keyOf(place), losing);
      forget(losing, now - memoryOf(rules));
      losing.jobs.set(loss.job, now);
      losing.lost.set(loss.job, now);
      if (losing.jobs.size >= rules.brake.failures) losing.until = now + rules.brake.pause * 1_000;
    }
  }

  /** An attempt of this pilot ended, and was not lost. */
  ended(stamp: string, { brake }: BrakeRules): void {
    if (this.places.size === 0) return;
    const host = this.hosts.get(stamp);
    for (const place of [{ level: 'pilot', name: stamp } as const, ...(host === undefined ? [] : [host])]) {
      const losing = this.places.get(keyOf(place));
      const [oldest] = losing?.jobs.keys() ?? [];
      if (losing === undefined || oldest === undefined) continue;
      losing.jobs.delete(oldest);
      if (losing.jobs.size < brake.failures) losing.until = 0;
    }
  }

  /** Why a pilot on a host gets no job now, or null. `host` is `site/host`, folded. */
  brakeOn(stamp: string, host: string | null, now: number): Braked | null {
    const losing = this.of(stamp, host).find(({ until }) => until > now);
    if (losing === undefined) return null;
    const reason = `lost ${losing.jobs.size} jobs soon after their claims; it gets none until it has been judged`;
    return { ...losing.place, reason };
  }

  /** The jobs that were lost by this pilot or on its host since then; undefined when none was. */
  lostSince(stamp: string, host: string | null, since: number): ReadonlySet<number> | undefined {
    const recent = this.of(stamp, host).flatMap(({ lost }) =>
      [...lost].flatMap(([job, at]) => (at >= since ? [job] : [])),
    );
    return recent.length === 0 ? undefined : new Set(recent);
  }

  /** Whether nothing was lost lately; what is older is forgotten. */
  isEmpty(rules: BrakeRules, now: number): boolean {
    if (this.places.size > 0 && this.latest < now - memoryOf(rules)) {
      this.places.clear();
      this.hosts.clear();
    }
    return this.places.size === 0;
  }

  private of(stamp: string, host: string | null): Losing[] {
    if (this.places.size === 0 || this.used.size < fewestHosts) return [];
    const pilot = this.places.get(keyOf({ level: 'pilot', name: stamp }));
    const node = host === null ? undefined : this.places.get(keyOf({ level: 'host', name: host }));
    return [pilot, node].flatMap((losing) => losing ?? []);
  }

  private forgetOld(rules: BrakeRules, now: number): void {
    for (const losing of this.places.values()) {
      forget(losing, now - memoryOf(rules));
      if (losing.lost.size === 0) this.drop(losing);
    }
  }

  private drop({ place }: Losing): void {
    this.places.delete(keyOf(place));
    if (place.level === 'pilot') this.hosts.delete(place.name);
  }
}

function memoryOf({ brake }: BrakeRules): number {
  return Math.max(leastMemory, pausesRemembered * brake.pause * 1_000);
}

function forget({ jobs, lost }: Losing, before: number): void {
  for (const times of [jobs, lost]) for (const [job, at] of times) if (at < before) times.delete(job);
}
