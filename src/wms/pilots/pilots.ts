import { Injectable } from '@nestjs/common';
import { finalPilotStates, nextPilotStates, type PilotStatus, pilotStates } from '../../contract/index.js';
import { Database, type Queryable, send, WakeUps } from '../../platform/index.js';

/** A pilot before its CE is asked. `secretHash` is the SHA-256 of the one-time secret, in hexadecimal. */
export interface NewPilot {
  stamp: string;
  vo: string;
  site: string;
  ce: string;
  queue: string;
  /** Name of the CE's driver. */
  gridType: string;
  processors: number;
  tags: readonly string[];
  platforms: readonly string[];
  secretHash: string;
  /** Seconds from now in which the secret can be exchanged. */
  secretLifetime: number;
}

/** A pilot that a CE has to be asked about. */
export interface PilotAtCe {
  stamp: string;
  vo: string;
  site: string;
  ce: string;
  queue: string;
  status: PilotStatus;
  reference: string;
  /** It has talked to the server at least once. */
  contacted: boolean;
  /** Seconds since the row changed. */
  unchangedFor: number;
}

/** Pilots whose row was committed, and nothing is known of what the CE did with them. */
export interface UnsettledPilot {
  stamp: string;
  vo: string;
  site: string;
  ce: string;
  queue: string;
  /** Seconds since the row was made. */
  age: number;
}

const place = 'vo, site, ce, queue';

/** The rows of pilots as agents need them. The state machine is `contract/pilot-state.ts`; final states stay final. */
@Injectable()
export class Pilots {
  constructor(
    private readonly database: Database,
    private readonly wakeUps: Pick<WakeUps, 'wake'>,
  ) {}

  /** Makes the rows of pilots that are about to be submitted. */
  async create(tx: Queryable, pilots: readonly NewPilot[]): Promise<void> {
    if (pilots.length === 0) return;
    await tx.execute(
      `INSERT INTO pilots (stamp, ${place}, grid_type, processors, tags, platforms, secret_hash, secret_expires_at)
       VALUES ${pilots.map(() => '(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NOW(6) + INTERVAL ? SECOND)').join(', ')}`,
      pilots.flatMap((pilot) => [
        pilot.stamp,
        pilot.vo,
        pilot.site,
        pilot.ce,
        pilot.queue,
        pilot.gridType,
        pilot.processors,
        JSON.stringify(pilot.tags),
        JSON.stringify(pilot.platforms),
        pilot.secretHash,
        pilot.secretLifetime,
      ]),
    );
  }

  /** Stores the references that a CE gave. The first one counts. */
  async submitted(references: ReadonlyMap<string, string>): Promise<void> {
    for (const [stamp, reference] of references) {
      await this.database.execute(
        'UPDATE pilots SET reference = ?, submitted_at = NOW(6) WHERE stamp = ? AND reference IS NULL',
        [reference, stamp],
      );
    }
  }

  /**
   * Moves a pilot, if the state machine lets it: compare-and-set, so a late answer of a CE cannot revive a pilot. Answers
   * whether it moved. A pilot that ends leaves the message that its log is to be sealed. With `silentSeconds` only a pilot
   * that the server has not heard for so long is moved: one that lives must not be given up because others lost it.
   */
  async move(
    stamp: string,
    to: PilotStatus,
    reason: string,
    { silentSeconds }: { silentSeconds?: number } = {},
  ): Promise<boolean> {
    const from = pilotStates.filter((state) => nextPilotStates[state].includes(to));
    const ends = finalPilotStates.includes(to);
    const moved = await this.database.transaction(async (tx) => {
      const { affectedRows } = await tx.execute(
        `UPDATE pilots SET status = ?, status_reason = ?, last_update_time = NOW(6)${ends ? ', ended_at = NOW(6)' : ''}
         WHERE stamp = ? AND status IN (?)
           ${silentSeconds === undefined ? '' : 'AND (last_contact IS NULL OR last_contact < NOW(6) - INTERVAL ? SECOND)'}`,
        [to, reason.slice(0, 255), stamp, from, ...(silentSeconds === undefined ? [] : [silentSeconds])],
      );
      if (affectedRows === 1 && ends) {
        await send(tx, [{ topic: 'seal-log', payload: { stamp, because: 'vanished' } }]);
      }
      return affectedRows === 1;
    });
    if (moved && ends) {
      this.wakeUps.wake('outbox', ['seal-log']);
      // A call of it that waits is told that it has ended.
      this.wakeUps.wake('pilot', [stamp]);
    }
    return moved;
  }

  /** Pilots that a CE knows and that have not ended, by id from `after` on. */
  async atCes(after: number, limit: number): Promise<{ pilots: PilotAtCe[]; last: number | null }> {
    const rows = await this.database.query<Omit<PilotAtCe, 'contacted'> & { pilot_id: number; contacted: number }>(
      `SELECT pilot_id, stamp, ${place}, status, reference, last_contact IS NOT NULL AS contacted,
         TIMESTAMPDIFF(SECOND, last_update_time, NOW(6)) AS unchangedFor
       FROM pilots WHERE status NOT IN (?) AND reference IS NOT NULL AND submitted_at IS NOT NULL AND pilot_id > ?
       ORDER BY pilot_id LIMIT ?`,
      [finalPilotStates, after, limit],
    );
    const pilots = rows.map(({ contacted, ...row }) => ({ ...row, contacted: Number(contacted) === 1 }));
    return { pilots, last: rows.length < limit ? null : (rows.at(-1)?.pilot_id ?? null) };
  }

  /** Pilots of these stamps that a CE can be asked about; the others have ended or never had a reference. */
  async find(
    stamps: readonly string[],
  ): Promise<(Omit<PilotAtCe, 'reference' | 'contacted' | 'unchangedFor'> & { reference: string | null })[]> {
    if (stamps.length === 0) return [];
    return this.database.query(
      `SELECT stamp, ${place}, status, reference FROM pilots WHERE stamp IN (?) AND status NOT IN (?)`,
      [stamps, finalPilotStates],
    );
  }

  /**
   * Pilots made by a site director at least `seconds` ago whose submission was never settled, oldest first. Those that the
   * server has heard lately need no settling: they run.
   */
  unsettled(seconds: number, limit: number): Promise<UnsettledPilot[]> {
    return this.database.query<UnsettledPilot>(
      `SELECT stamp, ${place}, TIMESTAMPDIFF(SECOND, submission_time, NOW(6)) AS age FROM pilots
       WHERE status NOT IN (?) AND submitted_at IS NULL AND reference IS NULL AND secret_expires_at IS NOT NULL
         AND (last_contact IS NULL OR last_contact < NOW(6) - INTERVAL 1 HOUR)
         AND submission_time < NOW(6) - INTERVAL ? MICROSECOND ORDER BY pilot_id LIMIT ?`,
      [finalPilotStates, Math.round(seconds * 1e6), limit],
    );
  }
}
