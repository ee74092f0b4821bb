import { Inject, Injectable } from '@nestjs/common';
import type { Offer, PilotCommand } from '../../contract/index.js';
import { BatchLane, Database, PLATFORM_CONFIG, type PlatformConfig } from '../../platform/index.js';
import { LastOffers, noteCalls } from './last-offers.js';
import { type PilotRow, readPilots } from './lock-pilots.sql.js';

const largestKnown = 200_000;

/** Pilots that call: when they were last heard of, their rows and their commands, read and written in batches. */
@Injectable()
export class PilotCalls {
  private readonly noted = new Map<string, number>();
  private readonly noteEvery: number;
  private readonly offers = new LastOffers();
  private readonly notes: BatchLane<{ stamp: string; offer: string | null }, void>;
  private readonly rows: BatchLane<string, PilotRow | undefined>;
  private readonly orders: BatchLane<string, PilotCommand[]>;

  constructor(
    private readonly database: Database,
    @Inject(PLATFORM_CONFIG) settings: PlatformConfig,
  ) {
    // Often enough to tell silence, and not more often than that.
    this.noteEvery = Math.min(10, settings.silentSeconds / 4) * 1_000;
    this.notes = new BatchLane((calls) => this.note(calls), { largest: 500 });
    this.rows = new BatchLane((stamps) => this.read(stamps), { largest: 500, lanes: 2 });
    this.orders = new BatchLane((stamps) => this.readCommands(stamps), { largest: 500, lanes: 2 });
  }

  /** The pilot was here just now; with an offer, it asked for jobs and got none. */
  async touch(stamp: string, offer: Offer | null = null): Promise<void> {
    if (performance.now() - (this.noted.get(stamp) ?? -Infinity) < this.noteEvery) return;
    this.wasNoted(stamp);
    await this.notes.add({ stamp, offer: offer === null ? null : this.offers.toNote(stamp, offer) });
  }

  /** Somebody else has just written that the pilot is here. */
  wasNoted(stamp: string): void {
    if (this.noted.size >= largestKnown) this.noted.clear();
    this.noted.set(stamp, performance.now());
  }

  /** The row of a pilot, as it stands now. */
  find(stamp: string): Promise<PilotRow | undefined> {
    return this.rows.add(stamp);
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

  private async note(calls: { stamp: string; offer: string | null }[]): Promise<{ ok: void }[]> {
    await this.database.transaction((tx) => noteCalls(tx, latestOf(calls)));
    return calls.map(() => ({ ok: undefined }));
  }

  private async read(stamps: string[]): Promise<{ ok: PilotRow | undefined }[]> {
    const rows = await readPilots(this.database, once(stamps));
    const byStamp = new Map(rows.map((row) => [row.stamp, row]));
    return stamps.map((stamp) => ({ ok: byStamp.get(stamp) }));
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
function latestOf(calls: readonly { stamp: string; offer: string | null }[]): Map<string, string | null> {
  const latest = new Map<string, string | null>();
  for (const { stamp, offer } of calls) latest.set(stamp, offer ?? latest.get(stamp) ?? null);
  return latest;
}

function once(stamps: readonly string[]): string[] {
  return [...new Set(stamps)].toSorted();
}
