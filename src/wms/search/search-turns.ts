import { Injectable } from '@nestjs/common';
import { CurrentConfiguration } from '../../configuration/index.js';
import { Refusal } from '../../contract/index.js';
import { Metrics, type NoTurn, Turns } from '../../platform/index.js';

const reasons: Record<NoTurn, string> = {
  crowded: 'The server is busy with other searches; try again later',
  'too-long': 'The server is busy with other searches, and the wait was too long; try again later',
  'too-many-of-one': 'You have too many searches under way; let some of them end first',
};

/**
 * Searches take turns: those at work never hold all connections to the database, which claims, heartbeats and reports
 * need. The numbers stand in the configuration (`limits.searches`).
 */
@Injectable()
export class SearchTurns {
  private readonly turns: Turns;

  constructor(configuration: CurrentConfiguration, metrics: Metrics) {
    this.turns = new Turns(() => {
      const { at_once, waiting, per_user, longest_wait } = configuration.get().document.limits.searches;
      return { atOnce: at_once, waiting, perCaller: per_user, longestWaitSeconds: longest_wait };
    });
    const { turns } = this;
    const help = 'Searches at work, and those that wait for their turn';
    metrics.lookedUpGauge('pilotage_searches', help, 'state', () => turns.load);
  }

  /** Runs a search of a user when it is its turn. Refuses with `server-busy`. */
  take<T>({ subject }: { subject: string }, search: () => Promise<T>): Promise<T> {
    return this.turns.take(subject, search, (why) => new Refusal('server-busy', reasons[why], { retryAfter: 5 }));
  }
}
