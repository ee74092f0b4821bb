import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/index.js';
import { shareKeys } from '../task-queues/share-use.js';
import type { ShareEntity } from '../task-queues/shares.js';
import type { Seen } from './estimate.js';
import { SharedReading } from './shared-reading.js';

interface Snapshot {
  seconds: number;
  queues: Map<number, number>;
  entities: Map<string, number>;
}

interface Row extends ShareEntity {
  id: number;
  claims: number;
}

/** So many entries of the history are looked at, and nothing older than an hour. */
const entries = 20_000;
const longestWindow = 3_600;
const lookAgainAfter = 15_000;

/** How many jobs of each task queue were claimed lately on all servers, by the end of the history; looked up every 15 s. */
@Injectable()
export class RecentClaims {
  private readonly snapshot = new SharedReading<Snapshot>(lookAgainAfter, () => this.read());

  constructor(private readonly database: Database) {}

  /** Claims of a task queue, and of its share entity. */
  async of(queue: number, entity: ShareEntity): Promise<{ queue: Seen; entity: Seen }> {
    const { seconds, queues, entities } = await this.snapshot.of('all');
    const [, , key] = shareKeys({ ...entity });
    return {
      queue: { claims: queues.get(queue) ?? 0, seconds },
      entity: { claims: entities.get(key) ?? 0, seconds },
    };
  }

  private async read(): Promise<Snapshot> {
    const tail = `SELECT job_id, status, recorded_at FROM job_history ORDER BY entry_id DESC LIMIT ${entries}`;
    const [span] = await this.database.query<{ entries: number; seconds: number | null }>(
      `SELECT COUNT(*) AS entries, TIMESTAMPDIFF(MICROSECOND, MIN(recorded_at), NOW(6)) / 1e6 AS seconds FROM (${tail}) h`,
    );
    const rows = await this.database.query<Row>(
      `SELECT q.task_queue_id AS id, q.vo, q.owner_group AS \`group\`, q.owner_subject AS ownerSubject, COUNT(*) AS claims
       FROM (${tail}) h JOIN jobs j ON j.job_id = h.job_id JOIN task_queues q ON q.task_queue_id = j.task_queue_id
       WHERE h.status = 'Matched' AND h.recorded_at > NOW(6) - INTERVAL ? SECOND GROUP BY q.task_queue_id`,
      [longestWindow],
    );
    // A short history covers the whole window: nothing happened before it.
    const full = Number(span?.entries ?? 0) === entries;
    const seconds = full ? Math.max(1, Math.min(longestWindow, Number(span?.seconds ?? 0))) : longestWindow;
    const entities = new Map<string, number>();
    for (const { claims, vo, group, ownerSubject } of rows) {
      const [, , key] = shareKeys({ vo, group, ownerSubject });
      entities.set(key, (entities.get(key) ?? 0) + Number(claims));
    }
    return { seconds, queues: new Map(rows.map(({ id, claims }) => [id, Number(claims)])), entities };
  }
}
