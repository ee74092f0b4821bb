import { Injectable } from '@nestjs/common';
import { CurrentConfiguration } from '../../configuration/index.js';
import type { Transaction } from '../../platform/index.js';
import { CommittedIds } from './committed-ids.js';
import { canonical, hashOf, type Requirements } from './requirements.js';

/** A job that needs a task queue: what it requires, and whose it is. */
export interface QueueEntry {
  requirements: Requirements;
  vo: string;
  group: string;
  ownerSubject: string;
  owner: string;
}

interface Definition {
  classId: number;
  vo: string;
  group: string;
  ownerSubject: string;
  owner: string;
}

/** Task queues: requirement class (shared by all) × share entity (VO, group, owner). They are created, never changed. */
@Injectable()
export class TaskQueues {
  private readonly classes = new CommittedIds();
  private readonly queues = new CommittedIds();

  constructor(private readonly configuration: CurrentConfiguration) {}

  /** The ids of the task queues of these entries, in their order; what is missing is created in the transaction. */
  async assign(tx: Transaction, entries: readonly QueueEntry[]): Promise<number[]> {
    const written = entries.map(({ requirements }) => canonical(requirements));
    const hashes = written.map(hashOf);
    const classIds = await this.classIds(tx, new Map(hashes.map((hash, at) => [hash, written[at]])));
    const definitions = entries.map((entry, at) => this.define(entry, required(classIds, hashes[at] ?? '')));
    const queueIds = await this.queueIds(tx, new Map(definitions.map((definition) => [keyOf(definition), definition])));
    return definitions.map((definition) => required(queueIds, keyOf(definition)));
  }

  /** In a group with JobSharing the group is the share entity, else the owner within it. */
  private define(entry: QueueEntry, classId: number): Definition {
    const { vo, group, ownerSubject, owner } = entry;
    const properties = this.configuration.get().document.vos[vo]?.groups[group]?.properties ?? [];
    const shared = properties.includes('JobSharing');
    return { classId, vo, group, ownerSubject: shared ? '' : ownerSubject, owner: shared ? '' : owner };
  }

  private classIds(tx: Transaction, wanted: Map<string, Requirements | undefined>): Promise<Map<string, number>> {
    return this.classes.find(tx, [...wanted.keys()], {
      read: (hashes) =>
        tx.query<{ id: number; name: string; settled: number }>(
          `SELECT class_id AS id, hash AS name, created_at < NOW(6) - INTERVAL 5 MINUTE AS settled
           FROM requirement_classes WHERE hash IN (?)`,
          [hashes],
        ),
      create: async (hashes) => {
        await tx.execute(
          `INSERT IGNORE INTO requirement_classes (hash, requirements) VALUES ${hashes.map(() => '(?, ?)').join(', ')}`,
          hashes.flatMap((hash) => [hash, JSON.stringify(wanted.get(hash))]),
        );
      },
    });
  }

  private queueIds(tx: Transaction, wanted: Map<string, Definition>): Promise<Map<string, number>> {
    const of = (keys: string[]): Definition[] => keys.flatMap((key) => wanted.get(key) ?? []);
    return this.queues.find(tx, [...wanted.keys()], {
      read: async (keys) => {
        const rows = await tx.query<Definition & { id: number; settled: number }>(
          `SELECT task_queue_id AS id, class_id AS classId, vo, owner_group AS \`group\`, owner_subject AS ownerSubject,
             owner, created_at < NOW(6) - INTERVAL 5 MINUTE AS settled
           FROM task_queues WHERE (class_id, vo, owner_group, owner_subject) IN (?)`,
          [of(keys).map(({ classId, vo, group, ownerSubject }) => [classId, vo, group, ownerSubject])],
        );
        return rows.map((row) => ({ id: row.id, name: keyOf(row), settled: row.settled }));
      },
      create: async (keys) => {
        await tx.execute('INSERT IGNORE INTO task_queues (class_id, vo, owner_group, owner_subject, owner) VALUES ?', [
          of(keys).map(({ classId, vo, group, ownerSubject, owner }) => [classId, vo, group, ownerSubject, owner]),
        ]);
      },
    });
  }
}

function keyOf({ classId, vo, group, ownerSubject }: Definition): string {
  return JSON.stringify([classId, vo, group, ownerSubject]);
}

function required(ids: Map<string, number>, name: string): number {
  const id = ids.get(name);
  if (id === undefined) throw new Error(`No id was found or made for ${name}`);
  return id;
}
