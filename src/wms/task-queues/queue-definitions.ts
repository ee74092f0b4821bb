import type { Queryable } from '../../platform/index.js';
import type { Requirements } from './requirements.js';
import type { ShareEntity } from './shares.js';

/** What a task queue is; it never changes. */
export interface QueueDefinition extends ShareEntity {
  id: number;
  classId: number;
  /** The owner's user name; empty in a group with JobSharing. */
  owner: string;
  requirements: Requirements;
}

interface Row extends ShareEntity {
  id: number;
  classId: number;
  owner: string;
  requirements: string;
}

const mostNames = 100_000;

/** Definitions of task queues, read once each. Equal requirements are one object. */
export class QueueDefinitions {
  private readonly known = new Map<number, QueueDefinition>();
  private readonly classes = new Map<number, Requirements>();
  /** Every name once, however many definitions have it. */
  private readonly names = new Map<string, string>();

  constructor(private readonly database: Queryable) {}

  /** The definitions of these task queues; ids that do not exist are left out. */
  async find(ids: readonly number[]): Promise<QueueDefinition[]> {
    const missing = ids.filter((id) => !this.known.has(id));
    for (let start = 0; start < missing.length; start += 1_000) await this.read(missing.slice(start, start + 1_000));
    return ids.flatMap((id) => this.known.get(id) ?? []);
  }

  /** Forgets all definitions but these. */
  keep(ids: ReadonlySet<number>): void {
    for (const id of this.known.keys()) if (!ids.has(id)) this.known.delete(id);
    const used = new Set([...this.known.values()].map(({ classId }) => classId));
    for (const classId of this.classes.keys()) if (!used.has(classId)) this.classes.delete(classId);
  }

  private async read(ids: readonly number[]): Promise<void> {
    const rows = await this.database.query<Row>(
      `SELECT q.task_queue_id AS id, q.class_id AS classId, q.vo, q.owner_group AS \`group\`,
         q.owner_subject AS ownerSubject, q.owner, c.requirements
       FROM task_queues q JOIN requirement_classes c USING (class_id) WHERE q.task_queue_id IN (?)`,
      [ids],
    );
    for (const { requirements: text, ...row } of rows) {
      const requirements = this.classes.get(row.classId) ?? this.shared(JSON.parse(text) as Requirements);
      this.classes.set(row.classId, requirements);
      const [vo, group] = [this.once(row.vo), this.once(row.group)];
      const [ownerSubject, owner] = [this.once(row.ownerSubject), this.once(row.owner)];
      this.known.set(row.id, { id: row.id, classId: row.classId, vo, group, ownerSubject, owner, requirements });
    }
  }

  private shared(requirements: Requirements): Requirements {
    const { sites, bannedSites, ces, platforms, jobType, tags } = requirements;
    const all = (names: readonly string[]): string[] => names.map((name) => this.once(name));
    return {
      ...requirements,
      sites: all(sites),
      bannedSites: all(bannedSites),
      ces: all(ces),
      platforms: all(platforms),
      jobType: this.once(jobType),
      tags: all(tags),
    };
  }

  private once(name: string): string {
    const known = this.names.get(name);
    if (known !== undefined) return known;
    if (this.names.size >= mostNames) this.names.clear();
    this.names.set(name, name);
    return name;
  }
}
