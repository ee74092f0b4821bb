import { Injectable } from '@nestjs/common';
import { CurrentConfiguration } from '../../configuration/index.js';
import type { ShareStanding } from '../../contract/index.js';
import type { QueueDefinition } from '../task-queues/queue-definitions.js';
import { sharesOf } from '../task-queues/share-keys.js';
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

  /** Among the competing share entities. `names`: whether other owners and groups may be named. */
  async of(queue: QueueDefinition, competing: readonly NamedEntity[], names: boolean): Promise<ShareStanding> {
    await this.shares.refresh();
    const [, group, owner] = sharesOf(this.configuration.get().document, queue);
    return standingOf(queue, competing, {
      turnOf: this.shares.turns(),
      shares: { group, owner },
      names,
    });
  }
}
