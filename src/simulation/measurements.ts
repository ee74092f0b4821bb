import { chargeOf } from '../wms/index.js';
import { Histogram } from './histogram.js';
import type { JobKind } from './job-kind.js';
import type { PilotKind, Run } from './pilot-model.js';

/** What became of the jobs of one owner in one group while it was measured. */
export interface OwnerTally {
  vo: string;
  group: string;
  owner: string;
  submitted: number;
  started: number;
  done: number;
  failed: number;
  /** Attempts that were lost to the infrastructure. */
  lost: number;
  /** Normalised core seconds that claims were charged, as shares count them. */
  charged: number;
  /** Seconds of cores that jobs had. */
  coreSeconds: number;
  waits: Histogram;
}

/** What was seen of one site. */
export interface SiteTally {
  site: string;
  pilots: number;
  failedPilots: number;
  done: number;
  failed: number;
  /** Seconds of cores that pilots had, and that jobs had of them. */
  pilotCoreSeconds: number;
  jobCoreSeconds: number;
}

/** What is counted while a simulation runs, from a certain time on. */
export class Measurements {
  readonly owners = new Map<string, OwnerTally>();
  readonly sites = new Map<string, SiteTally>();

  /** Nothing before `from` counts. Seconds. */
  constructor(readonly from: number) {}

  submitted(kind: JobKind, jobs: number, now: number): void {
    const tally = this.ownerOf(kind);
    if (now >= this.from) tally.submitted += jobs;
  }

  started(kind: JobKind, processors: number, waited: number | null, now: number): void {
    if (now < this.from) return;
    const tally = this.ownerOf(kind);
    tally.started += 1;
    tally.charged += chargeOf(kind.requirements, processors);
    if (waited !== null) tally.waits.add(waited);
  }

  /** A job has ended, or the simulation has: `outcome` is null then. */
  ran(
    kind: JobKind,
    pilots: PilotKind,
    run: Run,
    end: { outcome: 'done' | 'failed' | 'lost' | null; now: number },
  ): void {
    const { outcome, now } = end;
    if (now < this.from) return;
    const coreSeconds = (now - Math.max(this.from, run.startedAt)) * run.processors;
    const [owner, site] = [this.ownerOf(kind), this.siteOf(pilots)];
    owner.coreSeconds += coreSeconds;
    site.jobCoreSeconds += coreSeconds;
    if (outcome !== null) owner[outcome] += 1;
    if (outcome === 'done') site.done += 1;
    else if (outcome !== null) site.failed += 1;
  }

  /** A pilot has ended, or the simulation has. */
  pilotRan(pilots: PilotKind, startedAt: number, now: number): void {
    if (now < this.from) return;
    const site = this.siteOf(pilots);
    site.pilots += 1;
    site.pilotCoreSeconds += (now - Math.max(this.from, startedAt)) * pilots.queue.processors;
  }

  pilotFailed(pilots: PilotKind, now: number): void {
    if (now >= this.from) this.siteOf(pilots).failedPilots += 1;
  }

  private ownerOf({ entity: { vo, group }, owner }: JobKind): OwnerTally {
    const key = `${vo}\n${group}\n${owner}`;
    const known = this.owners.get(key);
    if (known !== undefined) return known;
    const counts = { submitted: 0, started: 0, done: 0, failed: 0, lost: 0, charged: 0, coreSeconds: 0 };
    const tally = { vo, group, owner, ...counts, waits: new Histogram() };
    this.owners.set(key, tally);
    return tally;
  }

  private siteOf({ queue: { site } }: PilotKind): SiteTally {
    const known = this.sites.get(site);
    if (known !== undefined) return known;
    const counts = { pilots: 0, failedPilots: 0, done: 0, failed: 0, pilotCoreSeconds: 0, jobCoreSeconds: 0 };
    const tally = { site, ...counts };
    this.sites.set(site, tally);
    return tally;
  }
}
