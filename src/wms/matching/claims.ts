import { Inject, Injectable } from '@nestjs/common';
import { type Offer, Refusal } from '../../contract/index.js';
import {
  BatchLane,
  type BatchOutcome,
  PLATFORM_CONFIG,
  type PlatformConfig,
  type Transaction,
} from '../../platform/index.js';
import type { Place } from '../black-holes/evidence.js';
import { admitProbes, noteProbes } from '../black-holes/probes.sql.js';
import { writeDecisions } from '../decisions/decisions.sql.js';
import { claimJobs, type Take } from '../jobs/claim-jobs.js';
import { type Effects, Jobs } from '../jobs/jobs.js';
import type { SlotBatch } from '../limits/slot-batch.js';
import { ShareUse } from '../task-queues/share-use.js';
import { bindPilots } from './bind-pilots.sql.js';
import { type Claimer, distribute, type PlannedUse } from './distribute.js';
import { type ClaimedAttempt, earlierClaims } from './earlier-claims.sql.js';
import { lockPilots, type PilotRow } from './lock-pilots.sql.js';
import { nodeOf } from './pilot-place.js';
import { Prospects, separates } from './prospects.js';
import { Stock } from './stock.js';
import { type KnownJob, type QueueOrder, takeJobs, takeKnownJobs } from './take-jobs.sql.js';

/** A wish for jobs. */
export interface Claim {
  stamp: string;
  claimId: string;
  offer: Offer;
  maxJobs: number;
  /** The pilot is still there; a claim whose client has gone is not made. */
  signal: AbortSignal;
}

/** What became of a {@link Claim}. */
export interface Made {
  /** The pilot as it was then; null when nobody looked, because all clients of the batch had gone. */
  pilot: PilotRow | null;
  jobs: ClaimedAttempt[];
  /** Jobs were given just now, and the pilot's row says that it was here. */
  fresh: boolean;
}

interface Asking {
  claim: Claim;
  pilot: PilotRow;
  claimer: Claimer;
  /** Where it is, as far as that is on probation. */
  places: Place[];
}

/** What a transaction has taken in memory, until it is durable. */
interface Batch {
  stock: Stock;
  uses: PlannedUse[];
  /** Slots of limits; null when nothing is limited. */
  slots: SlotBatch | null;
}

const largestBatch = 200;
/** While one batch is being written, so many claims make another one: it uses the time in which the first waits for the database. */
const secondBatch = 24;

/** Durable claims. Those that arrive together are made together, in one transaction. */
@Injectable()
export class Claims {
  private readonly lane = new BatchLane<Claim, Made>((claims) => this.write(claims), {
    largest: largestBatch,
    lanes: 2,
    crowd: secondBatch,
  });

  private examined = 0;

  constructor(
    private readonly jobs: Jobs,
    readonly prospects: Prospects,
    private readonly shares: ShareUse,
    @Inject(PLATFORM_CONFIG) private readonly settings: PlatformConfig,
  ) {}

  /** Claims jobs for a pilot. Settles after the commit; no jobs is an answer. Repeating a claim id gives its jobs again. */
  make(claim: Claim): Promise<Made> {
    return this.lane.add(claim);
  }

  private async write(claims: Claim[]): Promise<BatchOutcome<Made>[]> {
    const nobody = { ok: { pilot: null, jobs: [], fresh: false } };
    if (claims.every(({ signal }) => signal.aborted)) return claims.map(() => nobody);
    await this.shares.refresh();
    const batches: Batch[] = [];
    try {
      const outcomes = await this.jobs.change(async (tx, effects) => {
        // A transaction that failed may be tried again: what it took is given back first.
        this.abandon(batches.pop());
        const batch = { stock: this.stockIn(tx), uses: [], slots: this.prospects.limits.batch(tx) };
        batches.push(batch);
        return this.claim(tx, effects, claims, batch);
      });
      this.settle(batches.pop());
      return outcomes;
    } catch (error) {
      this.abandon(batches.pop());
      throw error;
    }
  }

  private stockIn(tx: Transaction): Stock {
    const source = {
      next: (orders: readonly QueueOrder[]) => takeJobs(tx, orders),
      known: (jobs: readonly KnownJob[]) => takeKnownJobs(tx, jobs),
    };
    return new Stock(this.prospects.queues, source);
  }

  private settle(batch: Batch | undefined): void {
    if (batch === undefined) return;
    const { order } = this.prospects.queues;
    for (const { entity, used } of batch.uses) order.settle(entity, used);
    this.shares.add(batch.uses);
    this.prospects.lookAhead(batch.stock.settle());
    batch.slots?.remember();
  }

  private abandon(batch: Batch | undefined): void {
    if (batch === undefined) return;
    const { order } = this.prospects.queues;
    const touched = batch.stock.abandon();
    for (const { entity, used } of batch.uses) order.plan(entity, -used);
    this.prospects.lookAhead(touched);
  }

  private async claim(tx: Transaction, effects: Effects, claims: Claim[], batch: Batch): Promise<BatchOutcome<Made>[]> {
    const pilots = await lockPilots(
      tx,
      claims.map(({ stamp }) => stamp),
    );
    const earlier = byClaim(await earlierClaims(tx, claims));
    const asking = new Map<string, Asking>();
    const refused = new Map<Claim, Refusal>();
    const choosing = new Set<string>();
    for (const claim of claims) {
      const asked = this.examine(claim, pilots.get(claim.stamp));
      if (asked instanceof Refusal) refused.set(claim, asked);
      if (asked instanceof Refusal || asked === null) continue;
      if (earlier.has(keyOf(claim)) || asking.has(keyOf(claim))) continue;
      // Whom such a pilot serves from now on is known after the first of its claims only; its other claims ask again.
      const { separates: manyOwners, owner, stamp } = asked.claimer;
      if (!manyOwners && owner === null && choosing.has(stamp)) continue;
      choosing.add(stamp);
      asking.set(keyOf(claim), asked);
    }
    await admitProbes(tx, [...asking.values()], this.prospects.probeRules);
    batch.uses = await distribute(
      [...asking.values()].flatMap(({ claimer }) => (claimer.wants > 0 ? [claimer] : [])),
      {
        stock: batch.stock,
        turnsWith: (planned) => this.shares.turns(planned),
        kept: this.prospects.kept,
        now: this.prospects.queues.now(),
        ...(batch.slots === null ? {} : { gate: batch.slots }),
      },
    );
    const takes = [...asking.values()].flatMap(takesOf);
    await claimJobs(tx, effects, takes, {
      leaseSeconds: this.settings.leaseSeconds,
      configurationVersion: this.prospects.version,
    });
    await writeDecisions(
      tx,
      [...asking.values()].flatMap(({ claimer }) => claimer.given),
      this.prospects.version,
    );
    await bindPilots(tx, takes);
    this.prospects.gaveTo(takes);
    await noteProbes(tx, [...asking.values()].flatMap(probesOf));
    await this.shares.write(tx, batch.uses);
    await batch.slots?.use([...asking.values()].map(({ claimer }) => claimer));
    const made = byClaim([...earlier.values()].flat().concat(takes.map((take) => this.attemptOf(take))));
    return claims.map((claim) => {
      if (refused.has(claim)) return { error: refused.get(claim) };
      const given = asking.get(keyOf(claim))?.claimer.given ?? [];
      const jobs = made.get(keyOf(claim)) ?? [];
      return { ok: { pilot: pilots.get(claim.stamp) ?? null, jobs, fresh: given.length > 0 } };
    });
  }

  /** What a claim asks for: null when nobody waits for it any more its pilot shall end, or nothing may begin there. */
  private examine(claim: Claim, pilot: PilotRow | undefined): Asking | Refusal | null {
    const refusal = this.prospects.refuse(pilot);
    if (pilot === undefined || refusal !== null) return refusal;
    if (claim.signal.aborted || pilot.drain !== 0) return null;
    const prospect = this.prospects.of(pilot, claim.offer);
    if (prospect instanceof Refusal) return prospect;
    if (prospect.closed) return null;
    const { stamp, vo, site, ce } = pilot;
    const owner = separates(pilot) ? null : pilot.bound_owner;
    const terms = { wants: claim.maxJobs, owner, separates: separates(pilot), given: [] };
    const places = this.prospects.onProbation(pilot);
    const keepsDecision = this.isSampled();
    return { claim, pilot, places, claimer: { stamp, vo, site, ce, ...prospect, ...terms, keepsDecision } };
  }

  /** Whether this claim's decision belongs to the sample: one in so many, of this server. */
  private isSampled(): boolean {
    const oneIn = this.prospects.sampleOneIn;
    this.examined += 1;
    return oneIn > 0 && this.examined % oneIn === 0;
  }

  private attemptOf({ job, stamp, claimId, site, processors, memory, gpus }: Take): ClaimedAttempt {
    const { job_id, vo, owner, owner_group, description_id, expansion } = job;
    const lease_seconds = this.settings.leaseSeconds;
    const granted = { site, processors, memory, gpus, lease_seconds };
    return {
      job_id,
      attempt: job.attempt + 1,
      vo,
      stamp,
      claim_id: claimId,
      owner,
      owner_group,
      description_id,
      expansion,
      ...granted,
    };
  }
}

function takesOf({ claim, pilot, claimer }: Asking): Take[] {
  const { stamp, site, ce, isolation } = pilot;
  const host = nodeOf(pilot).hostname ?? null;
  return claimer.given.map((given) => ({ ...given, stamp, claimId: claim.claimId, site, ce, isolation, host }));
}

function probesOf({ places, claimer }: Asking): { places: Place[]; jobId: number; attempt: number }[] {
  if (places.length === 0) return [];
  return claimer.given.map(({ job }) => ({ places, jobId: job.job_id, attempt: job.attempt + 1 }));
}

function keyOf({ stamp, claimId }: { stamp: string; claimId: string }): string {
  return `${stamp} ${claimId}`;
}

function byClaim(attempts: readonly ClaimedAttempt[]): Map<string, ClaimedAttempt[]> {
  const claims = new Map<string, ClaimedAttempt[]>();
  for (const attempt of attempts) {
    const key = keyOf({ stamp: attempt.stamp, claimId: attempt.claim_id });
    claims.set(key, [...(claims.get(key) ?? []), attempt]);
  }
  return claims;
}
