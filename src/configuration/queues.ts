import type { Configuration, QueueConfiguration } from './schema.js';

/** One queue of a CE with all that a site director or matcher needs of its surroundings. */
export interface QueueView extends QueueConfiguration {
  site: string;
  ce: string;
  queue: string;
  /** Driver of the CE, and the CE's own settings (`settings` are the queue's). */
  driver: string;
  ceSettings: Record<string, unknown>;
}

/** All queues of a configuration, in the order of the document. A queue without platforms has those of its site. */
export function queuesOf(configuration: Configuration): QueueView[] {
  return Object.entries(configuration.sites).flatMap(([site, { ces, platforms }]) =>
    Object.entries(ces).flatMap(([ce, { driver, settings: ceSettings, queues }]) =>
      Object.entries(queues).map(([queue, view]) => ({
        ...view,
        platforms: view.platforms.length > 0 ? view.platforms : platforms,
        site,
        ce,
        queue,
        driver,
        ceSettings,
      })),
    ),
  );
}
