import { Injectable } from '@nestjs/common';
import { mayRegisterPilot, type UserPrincipal } from '../../auth/index.js';
import { CurrentConfiguration } from '../../configuration/index.js';
import {
  type BodyOf,
  finalPilotStates,
  nextPilotStates,
  type PilotStatus,
  type pilots,
  Refusal,
} from '../../contract/index.js';
import { Database, isDuplicate, send, type Transaction } from '../../platform/index.js';

type Metadata = BodyOf<typeof pilots.setMetadata>[string];

/** DiracX's names of fields, and the columns that hold them. */
const columns = {
  StatusReason: 'status_reason',
  BenchMark: 'bench_mark',
  DestinationSite: 'ce',
  Queue: 'queue',
  GridSite: 'site',
  GridType: 'grid_type',
  AccountingSent: 'accounting_sent',
  CurrentJobID: 'current_job_id',
} as const satisfies Partial<Record<keyof Metadata, string>>;

/** Pilots that something else started and looks after. They have no secret and get no jobs of ours. */
@Injectable()
export class PilotRegister {
  constructor(
    private readonly database: Database,
    private readonly configuration: CurrentConfiguration,
  ) {}

  /** Makes the row of a foreign pilot. */
  async register(user: UserPrincipal, body: BodyOf<typeof pilots.register>): Promise<void> {
    const { pilot_stamp, vo, grid_type, grid_site, destination_site, pilot_reference, pilot_status } = body;
    const isKnown = this.configuration.get().document.vos[vo] !== undefined;
    // Pilots hear of their own VO only; what an administrator has misspelt is told.
    if (!isKnown && user.properties.includes('ServiceAdministrator')) {
      throw new Refusal('unknown-vo', `VO '${vo}' is not registered in this installation.`);
    }
    if (!isKnown || !mayRegisterPilot(user, vo)) {
      throw new Refusal('forbidden', 'Pilots can only be registered for your own VO.');
    }
    try {
      await this.database.execute(
        `INSERT INTO pilots (stamp, vo, grid_type, site, ce, reference, status, ended_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, IF(?, NOW(6), NULL))`,
        [
          pilot_stamp,
          vo,
          grid_type,
          grid_site,
          destination_site,
          pilot_reference ?? pilot_stamp,
          pilot_status,
          finalPilotStates.includes(pilot_status),
        ],
      );
    } catch (error) {
      if (!isDuplicate(error)) throw error;
      throw new Refusal('pilot-exists', `Pilot with stamp '${pilot_stamp}' already exists`, { cause: error });
    }
  }

  /** Sets fields of pilots, all or none. States follow the state machine: what it does not allow stays as it is. */
  async setMetadata(user: UserPrincipal, body: BodyOf<typeof pilots.setMetadata>): Promise<void> {
    const stamps = Object.keys(body).toSorted();
    if (stamps.length === 0) return;
    if (stamps.length > 1 && !user.properties.includes('ServiceAdministrator')) {
      throw new Refusal('forbidden', 'Insufficient permissions to modify more than one pilot.');
    }
    await this.database.transaction(async (tx) => {
      const rows = await tx.query<{ stamp: string; vo: string; status: PilotStatus }>(
        'SELECT stamp, vo, status FROM pilots WHERE stamp IN (?) ORDER BY stamp FOR UPDATE',
        [stamps],
      );
      // A pilot of another VO looks like one that does not exist, so that nobody can feel for stamps.
      if (rows.length < stamps.length || rows.some(({ vo }) => !mayRegisterPilot(user, vo))) {
        throw new Refusal('pilot-not-found', 'At least one pilot does not exist.');
      }
      for (const { stamp, status } of rows) await setOne(tx, { stamp, status }, body[stamp] ?? {});
    });
  }
}

async function setOne(
  tx: Transaction,
  { stamp, status }: { stamp: string; status: PilotStatus },
  metadata: Metadata,
): Promise<void> {
  const changes: [string, unknown][] = Object.entries(columns).flatMap(([name, column]) => {
    const value = metadata[name as keyof typeof columns];
    return value === null || value === undefined ? [] : [[column, value] as [string, unknown]];
  });
  const to = metadata.Status ?? status;
  const moves = to !== status && nextPilotStates[status].includes(to);
  if (moves) changes.push(['status', to]);
  const ends = moves && finalPilotStates.includes(to);
  const assignments = ['last_update_time = NOW(6)', ...changes.map(([column]) => `${column} = ?`)];
  if (ends) assignments.push('ended_at = NOW(6)');
  const values = [...changes.map(([, value]) => value), stamp];
  await tx.execute(`UPDATE pilots SET ${assignments.join(', ')} WHERE stamp = ?`, values);
  if (ends) await send(tx, [{ topic: 'seal-log', payload: { stamp, because: 'vanished' } }]);
}
