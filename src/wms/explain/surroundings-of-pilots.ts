import { Inject, Injectable } from '@nestjs/common';
import { CurrentConfiguration } from '../../configuration/index.js';
import { type Offer, Refusal } from '../../contract/index.js';
import { PLATFORM_CONFIG, type PlatformConfig } from '../../platform/index.js';
import { freeOf, placeOf, queueOfPilot } from '../matching/pilot-place.js';
import { Prospects, separates } from '../matching/prospects.js';
import type { Place } from '../task-queues/queue-place.js';
import type { PilotFacts } from './pilot-facts.sql.js';
import type { Surroundings } from './pilot-reasons.js';
import { statusInWords } from './queue-troubles.js';

/** What configuration and statuses make of a pilot. */
@Injectable()
export class SurroundingsOfPilots {
  constructor(
    private readonly configuration: CurrentConfiguration,
    private readonly prospects: Prospects,
    @Inject(PLATFORM_CONFIG) private readonly settings: PlatformConfig,
  ) {}

  /** `offer` is the last one that was noted, null when there is none. */
  of(pilot: PilotFacts, offer: Offer | null): Surroundings {
    const offered = offer === null ? null : this.placeOf(pilot, offer);
    const demanded = this.configuration.get().document.vos[pilot.vo]?.demand_isolation === true;
    return {
      lacksIsolation: demanded && !separates(pilot),
      status: this.statusOf(pilot),
      keptFor: this.prospects.kept.queueOf(pilot.stamp) ?? null,
      contradiction: offered instanceof Refusal ? offered.message : null,
      silentSeconds: this.settings.silentSeconds,
      place: offered instanceof Refusal ? null : offered,
    };
  }

  private placeOf(pilot: PilotFacts, offer: Offer): Place | Refusal {
    const view = queueOfPilot(this.configuration.get().document, pilot);
    const capability = placeOf(pilot, offer, view);
    return capability instanceof Refusal ? capability : { capability, free: freeOf(pilot, offer, view) };
  }

  private statusOf(pilot: PilotFacts): Surroundings['status'] {
    const { verdict, because } = this.prospects.verdict(pilot);
    const words = statusInWords(because);
    return verdict === 'open' || words === null ? null : { verdict, words };
  }
}
