import { Injectable } from '@nestjs/common';
import type { PilotPrincipal } from '../../auth/index.js';
import { CurrentConfiguration } from '../../configuration/index.js';
import {
  type BodyOf,
  finalPilotStates,
  nextPilotStates,
  type NodeReport,
  type PilotStatus,
  type pilots,
  pilotStates,
  Refusal,
  type ReplyOf,
} from '../../contract/index.js';
import { Database, send, WakeUps } from '../../platform/index.js';
import { PilotEnds } from '../execution/pilot-ends.js';

interface SelfRow {
  vo: string;
  site: string;
  ce: string;
  queue: string;
  status: PilotStatus;
  tags: string | null;
}

/** What a pilot says of itself. */
@Injectable()
export class PilotSelf {
  constructor(
    private readonly database: Database,
    private readonly wakeUps: WakeUps,
    private readonly configuration: CurrentConfiguration,
    private readonly ends: PilotEnds,
  ) {}

  /**
   * Keeps what the pilot found on its node and marks it Running. A pilot that has ended is refused. One that reported no
   * isolation stays without: a payload may hold its token by now and wish to serve other owners.
   */
  async report({ stamp }: PilotPrincipal, node: NodeReport): Promise<ReplyOf<typeof pilots.report>> {
    const row = await this.database.transaction(async (tx) => {
      const [found] = await tx.query<SelfRow>(
        'SELECT vo, site, ce, queue, status, tags FROM pilots WHERE stamp = ? FOR UPDATE',
        [stamp],
      );
      if (found === undefined) throw new Refusal('pilot-not-found');
      if (finalPilotStates.includes(found.status)) throw new Refusal('pilot-ended', `The pilot is ${found.status}`);
      await tx.execute(
        `UPDATE pilots SET status = 'Running', node = ?, isolation = IF(isolation = 'none', isolation, ?), bundle = ?, bench_mark = ?, processors = ?,
           last_contact = NOW(6), last_update_time = NOW(6) WHERE stamp = ?`,
        [JSON.stringify(node), node.isolation, node.bundle, node.cpu_power, node.processors, stamp],
      );
      return found;
    });
    const { vo, site, ce, queue } = row;
    const configured = this.configuration.get().document.sites[site]?.ces[ce]?.queues[queue]?.tags ?? [];
    const tags = row.tags === null ? configured : (JSON.parse(row.tags) as string[]);
    return { vo, site, ce, queue, tags };
  }

  /**
   * The pilot has stopped its payloads and ends: attempts that it did not end itself end now, and its log will be
   * sealed. Repeating it is harmless.
   */
  async end({ stamp }: PilotPrincipal, { status, reason }: BodyOf<typeof pilots.end>): Promise<void> {
    const from = pilotStates.filter((state) => nextPilotStates[state].includes(status));
    await this.ends.pilotGone(stamp, `Pilot ended: ${reason}`.slice(0, 128), 'Pilot');
    const ended = await this.database.transaction(async (tx) => {
      const { affectedRows } = await tx.execute(
        `UPDATE pilots SET status = ?, status_reason = ?, ended_at = NOW(6), last_update_time = NOW(6),
           last_contact = NOW(6), secret_hash = NULL WHERE stamp = ? AND status IN (?)`,
        [status, reason, stamp, from],
      );
      if (affectedRows === 1) await send(tx, [{ topic: 'seal-log', payload: { stamp, because: 'pilot' } }]);
      return affectedRows === 1;
    });
    if (!ended) return;
    // A claim that was made while the pilot was ending.
    await this.ends.pilotGone(stamp, `Pilot ended: ${reason}`.slice(0, 128), 'Pilot');
    this.wakeUps.wake('outbox', ['seal-log']);
  }
}
