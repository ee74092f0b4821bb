import { demandKey } from '../../wms/index.js';

/** A queue of a CE at a site, as one VO sees it. */
export interface Place {
  vo: string;
  site: string;
  ce: string;
  queue: string;
}

/** The key of a place, as demand is told by it. Names compare case-insensitively, as in the database. */
export const placeKey: (place: Place) => string = demandKey;

/** The queue itself, whichever VO uses it. */
export function queueKey({ site, ce, queue }: Omit<Place, 'vo'>): string {
  return [site, ce, queue].join('/').toLowerCase();
}
