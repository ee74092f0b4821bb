import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { Offer, PilotCommand } from '../../contract/index.js';
import {
  BatchLane,
  Database,
  isDatabaseUnavailable,
  Log,
  PLATFORM_CONFIG,
  type PlatformConfig,
} from '../../platform/index.js';
import { type ClaimedAttempt, earlierClaims } from './earlier-claims.sql.js';
import { LastOffers, noteCalls } from './last-offers.js';
import { lookAtPilots, type PilotRow } from './lock-pilots.sql.js';

const largestKnown = 200_000;

/** A pilot as it stands now. */
export interface Sight {
  pilot: PilotRow | undefined;
  /** What the named claim got before. */
  earlier: ClaimedAttempt[];
}

interface Call {
  stamp: string;
  /** To be noted; null when the note that is there will do. */
  offer: string | null;
}

interface Look {
  stamp: string;
  /** The claim that may be a repetition; null for none. */
  claimId: string | null;
}

/** Pilots that call: when they were last heard of, their rows and their commands, read and written in batches. */
@Injectable()
export class PilotCalls implements OnModuleDestroy {
  private stopped = false;
  private readonly noted = new Map<string, number>();
  private readonly noteEvery: number;
  private readonly offers = new LastOffers();
  private readonly notes: BatchLane<Call, void>;
  /** Of those who wait: nobody waits for these, so that more share a statement. */
  private readonly idleNotes: BatchLane<Call, void>;
  private readonly looks: BatchLane<Look, Sight>;
  private readonly lastLooks: BatchLane<Look, Sight>;
  private readonly orders: BatchLane<string, PilotCommand[]>;

  constructor(
    private readonly database: Database,
    @Inject(PLATFORM_CONFIG) settings: PlatformConfig,
    private readonly log: Log,
  ) {
    // Often enough to tell silence, and not more often than that.
    this.noteEvery = Math.min(25, settings.silentSeconds / 5) * 1_000;
    this.notes = new BatchLane((calls) => this.note(calls), { largest: 500 });
    this.idleNotes = new BatchLane((calls) => this.note(calls), { largest: 2_000, gather: 1_000 });
    this.looks = new BatchLane((looks) => this.read(looks), { largest: 500, lanes: 2, gather: 20 });
    this.lastLooks = new BatchLane((looks) => this.read(looks), { largest: 500, gather: 100 });
    this.orders = new BatchLane((stamps) => this.readCommands(stamps), { largest: 500, lanes: 2 });
  }

  onModuleDestroy(): void {
    this.stopped = true;
  }

  /** The pilot was here just now; with an offer, it asked for jobs and got none. */
  async touch(stamp: string, offer: Offer | null = null): Promise<void> {
    if (this.isNoted(stamp)) return;
    this.wasNoted(stamp);
    await this.notes.add(this.callOf(stamp, offer));
  }

  /** The pilot is here and waits, for jobs if there is an offer; written about a second later, together with others. */
  touchLater(stamp: string, offer: Offer | null): void {
    if (this.isNoted(stamp)) return;
    this.wasNoted(stamp);
    this.idleNotes.add(this.callOf(stamp, offer)).catch((error: unknown) => {
      // The pilot's next call goes to another server.
      if (this.stopped) return;
      this.noted.delete(stamp);
      const message = 'The last contact of a waiting pilot could not be noted';
      if (isDatabaseUnavailable(error)) this.log.warn(message, { error });
      else this.log.error(message, { error });
    });
  }

  /** Somebody else has just written that the pilot is here. */
  wasNoted(stamp: string): void {
    if (this.noted.size >= largestKnown) this.noted.clear();
    this.noted.set(stamp, performance.now());
  }

  /** The row of a pilot and what a claim of it got before, without a lock: a claim under way may be missed. */
  look(stamp: string, claimId: string | null): Promise<Sight> {
    return this.looks.add({ stamp, claimId });
  }

  /** The same for somebody whose waiting is over: a tenth of a second later, with many others. */
  lookLast(stamp: string, claimId: string): Promise<Sight> {
    return this.lastLooks.add({ stamp, claimId });
  }

  /** What this pilot has been told and has not acknowledged. */
  commands(stamp: string): Promise<PilotCommand[]> {
    return this.orders.add(stamp);
  }

  /** The pilot has carried these out. Ids that are not its own change nothing. */
  async acknowledge(stamp: string, commandIds: readonly number[]): Promise<void> {
    if (commandIds.length === 0) return;
    await this.database.execute(
      `UPDATE job_commands SET acknowledged_at = NOW(6)
       WHERE command_id IN (?) AND pilot_stamp = ? AND acknowledged_at IS NULL`,
      [commandIds, stamp],
    );
  }

  private isNoted(stamp: string): boolean {
    return performance.now() - (this.noted.get(stamp) ?? -Infinity) < this.noteEvery;
  }

  private callOf(stamp: string, offer: Offer | null): Call {
    return { stamp, offer: offer === null ? null : this.offers.toNote(stamp, offer) };
  }

  private async note(calls: Call[]): Promise<{ ok: void }[]> {
    await this.database.transaction((tx) => noteCalls(tx, latestOf(calls)));
    return calls.map(() => ({ ok: undefined }));
  }

  private async read(looks: Look[]): Promise<{ ok: Sight }[]> {
    const claims = looks.flatMap(({ stamp, claimId }) => (claimId === null ? [] : [{ stamp, claimId }]));
    const rows = await lookAtPilots(this.database, once(looks.map(({ stamp }) => stamp)), claims);
    const byStamp = new Map(rows.map((row) => [row.stamp, row]));
    const repeated = claims.filter(({ stamp }) => Number(byStamp.get(stamp)?.claimed) === 1);
    const earlier = repeated.length === 0 ? [] : await earlierClaims(this.database, repeated);
    const madeBy = ({ stamp, claimId }: Look): ClaimedAttempt[] =>
      earlier.filter((made) => made.stamp === stamp && made.claim_id === claimId);
    return looks.map((look) => ({ ok: { pilot: byStamp.get(look.stamp), earlier: madeBy(look) } }));
  }

  private async readCommands(stamps: string[]): Promise<{ ok: PilotCommand[] }[]> {
    const rows = await this.database.query<PilotCommand & { stamp: string; delivered: number }>(
      `SELECT command_id, job_id, attempt, command, pilot_stamp AS stamp, delivered_at IS NOT NULL AS delivered
       FROM job_commands WHERE pilot_stamp IN (?) AND acknowledged_at IS NULL ORDER BY command_id`,
      [once(stamps)],
    );
    const fresh = rows.filter(({ delivered }) => Number(delivered) === 0).map(({ command_id }) => command_id);
    if (fresh.length > 0) {
      await this.database.execute(
        'UPDATE job_commands SET delivered_at = NOW(6) WHERE command_id IN (?) AND delivered_at IS NULL',
        [fresh],
      );
    }
    const commandsOf = (stamp: string): PilotCommand[] =>
      rows
        .filter((row) => row.stamp === stamp)
        .map(({ command_id, job_id, attempt, command }) => ({ command_id, job_id, attempt, command }));
    return stamps.map((stamp) => ({ ok: commandsOf(stamp) }));
  }
}

/** Of a pilot that called twice, with and without an offer, the offer counts. */
function latestOf(calls: readonly Call[]): Map<string, string | null> {
  const latest = new Map<string, string | null>();
  for (const { stamp, offer } of calls) latest.set(stamp, offer ?? latest.get(stamp) ?? null);
  return latest;
}

function once(stamps: readonly string[]): string[] {
  return [...new Set(stamps)].toSorted();
}
