import { Injectable } from '@nestjs/common';
import type { FittingPlace, Reason } from '../../contract/index.js';
import type { LimitState } from '../limits/limit-states.js';
import { LimitStates } from '../limits/limit-states.js';
import type { QueueDefinition } from '../task-queues/queue-definitions.js';
import { amount, duration, thousands } from './words.js';

/** So many places stand for all that fit. */
const mostPlaces = 10;

/** The limits that keep jobs from places that fit. */
@Injectable()
export class LimitsInForce {
  constructor(private readonly states: LimitStates) {}

  /** Those that are full, at the first of these places, and at how many of them each is. No statement without limits. */
  async of(queue: QueueDefinition, places: readonly FittingPlace[]): Promise<Reason[]> {
    const open = places.filter(({ verdict }) => verdict === 'open').slice(0, mostPlaces);
    const { vo, group, owner, ownerSubject } = queue;
    const whose = ownerSubject === '' ? {} : { owner, subject: ownerSubject };
    const job = { vo, group, jobType: queue.requirements.jobType, ...whose };
    const states = await Promise.all(open.map((place) => this.states.of(job, place)));
    return limitReasons(states);
  }
}

/** `states` holds the limits at each place. Pure. */
export function limitReasons(states: readonly (readonly LimitState[])[]): Reason[] {
  const full = new Map<string, { state: LimitState; places: number }>();
  for (const state of states.flat()) {
    if (state.inUse < state.maximum) continue;
    const one = full.get(state.key) ?? { state, places: 0 };
    full.set(state.key, { state, places: one.places + 1 });
  }
  const closed = states.length > 0 && states.every((here) => here.some(({ inUse, maximum }) => inUse >= maximum));
  return [...full.values()].map(({ state, places }) => ({
    code: closed ? 'limit' : 'limit-somewhere',
    text: `${inWords(state)} (${places} of ${amount(states.length, 'place that fits', 'places that fit')})`,
  }));
}

function inWords({ scope, maximum, window, inUse, freeIn }: LimitState): string {
  const { vo, group, owner, jobType, site, ce } = scope;
  const whose = [
    ...(owner === undefined ? [] : [`of ${owner}`]),
    ...(group === undefined ? [] : [`of group ${group}`]),
    ...(vo === undefined || group !== undefined || owner !== undefined ? [] : [`of VO ${vo}`]),
    ...(jobType === undefined ? [] : [`of type ${jobType}`]),
    ...(site === undefined ? [] : [`at ${site}`]),
    ...(ce === undefined ? [] : [`(${ce})`]),
  ].join(' ');
  const jobs = `${amount(maximum, 'job', 'jobs')}${whose === '' ? '' : ` ${whose}`}`;
  if (maximum === 0) return `No job${whose === '' ? '' : ` ${whose}`} may begin: a limit is set to 0`;
  if (window === null)
    return `At most ${jobs} may run at one time, and ${thousands(inUse)} ${inUse === 1 ? 'does' : 'do'}`;
  const next = freeIn === null ? '' : `; the next may in ${duration(freeIn)}`;
  return `At most ${jobs} may begin within ${duration(window)}${next}`;
}
