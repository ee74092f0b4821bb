import { Injectable } from '@nestjs/common';
import { CurrentConfiguration } from '../../configuration/index.js';
import type { ShareStanding } from '../../contract/index.js';
import type { QueueDefinition } from '../task-queues/queue-definitions.js';
import { shareKeys, sharesOf } from '../task-queues/share-keys.js';
import { ShareUse } from '../task-queues/share-use.js';
import type { NamedEntity } from '../task-queues/shares.js';
import { standingOf } from './share-standing.js';

/** Where share entities stand in the order of their turns. */
@Injectable()
export class Standings {
  constructor(
    private readonly configuration: CurrentConfiguration,
    private readonly shares: ShareUse,
  ) {}

  /** Among the share entities of competing task queues. `names`: whether other owners and groups may be named. */
  async of(queue: QueueDefinition, competing: Iterable<NamedEntity>, names: boolean): Promise<ShareStanding> {
    await this.shares.refresh();
    const [, group, owner] = sharesOf(this.configuration.get().document, queue);
    const entities = new Map<string, NamedEntity>();
    for (const other of competing) entities.set(shareKeys(other)[2], other);
    return standingOf(queue, [...entities.values()], {
      turnOf: this.shares.turns(),
      shares: { group, owner },
      names,
    });
  }
}
