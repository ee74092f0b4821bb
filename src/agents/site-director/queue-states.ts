import { type Database, toEpoch } from '../../platform/index.js';
import { type Circuit, healthy, nextQueueState, type QueueEvent, type QueueState } from './circuit.js';
import { type Place, placeKey } from './place.js';

interface Row extends Place {
  circuit: Circuit;
  failures: number;
  reason: string;
  retry_at: string | null;
}

/** What was seen lately of the pilots of one queue. */
interface Record extends Place {
  contacted: number;
  lost: number;
}

/** The circuit of every queue, kept in `queue_states` so that a restart forgets nothing. */
export class QueueStates {
  private states = new Map<string, QueueState>();
  /** Milliseconds since 1970 on the database's clock. */
  private now = 0;

  constructor(
    private readonly database: Database,
    private readonly pace: number,
    private readonly random: () => number = Math.random,
  ) {}

  /** Reads all states and looks at how pilots fared; opens, half-opens and closes circuits by that. */
  async refresh(): Promise<void> {
    const [clock] = await this.database.query<{ now: string }>('SELECT CAST(NOW(6) AS CHAR) AS now');
    this.now = toEpoch(clock?.now ?? '');
    const rows = await this.database.query<Row>(
      'SELECT vo, site, ce, queue, circuit, failures, reason, retry_at FROM queue_states',
    );
    this.states = new Map(
      rows.map(({ retry_at: retryAt, ...row }) => [
        placeKey(row),
        {
          circuit: row.circuit,
          failures: row.failures,
          reason: row.reason,
          retryAt: retryAt === null ? null : toEpoch(retryAt),
        },
      ]),
    );
    for (const seen of await this.seenLately()) {
      if (seen.contacted > 0) await this.note(seen, { kind: 'contacted' });
      const all = seen.contacted + seen.lost;
      const halfOpen = this.of(seen).circuit === 'half-open';
      if (seen.lost * 2 > all && (all >= 3 || halfOpen)) {
        await this.note(seen, {
          kind: 'pilots-lost',
          reason: `${seen.lost} of ${all} ended without contacting the server`,
        });
      }
    }
    for (const row of rows) await this.note(row, { kind: 'time' });
  }

  of(place: Place): QueueState {
    return this.states.get(placeKey(place)) ?? healthy;
  }

  /** Takes an event in and writes the state down when it changed. */
  async note(place: Place, event: QueueEvent): Promise<void> {
    const before = this.of(place);
    const after = nextQueueState(before, event, { now: this.now, random: this.random(), pace: this.pace });
    if (JSON.stringify(after) === JSON.stringify(before)) return;
    this.states.set(placeKey(place), after);
    const retryAt = after.retryAt === null ? null : (after.retryAt - this.now) * 1000;
    await this.database.execute(
      `INSERT INTO queue_states (vo, site, ce, queue, circuit, failures, reason, retry_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, NOW(6) + INTERVAL ? MICROSECOND)
       ON DUPLICATE KEY UPDATE changed_at = IF(circuit = VALUES(circuit), changed_at, NOW(6)),
         circuit = VALUES(circuit), failures = VALUES(failures), reason = VALUES(reason), retry_at = VALUES(retry_at)`,
      [place.vo, place.site, place.ce, place.queue, after.circuit, after.failures, after.reason.slice(0, 512), retryAt],
    );
  }

  /** Pilots of the last hour, but only those submitted since the circuit of their queue last changed. */
  private seenLately(): Promise<Record[]> {
    return this.database.query<Record>(
      `SELECT p.vo, p.site, p.ce, p.queue,
         CAST(SUM(p.last_contact IS NOT NULL) AS SIGNED) AS contacted,
         CAST(SUM(p.last_contact IS NULL AND p.status IN ('Aborted', 'Failed', 'Done')) AS SIGNED) AS lost
       FROM pilots p LEFT JOIN queue_states s ON s.vo = p.vo AND s.site = p.site AND s.ce = p.ce AND s.queue = p.queue
       WHERE p.submitted_at > NOW(6) - INTERVAL 1 HOUR AND (s.changed_at IS NULL OR p.submitted_at >= s.changed_at)
         AND p.submission_time > NOW(6) - INTERVAL 2 HOUR
       GROUP BY p.vo, p.site, p.ce, p.queue`,
    );
  }
}
