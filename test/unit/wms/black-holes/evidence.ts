import { aConfiguration } from '../../../support/configuration.js';
import type { Evidence, FailedAttempt, GoodAttempts, Past } from '../../../../src/wms/black-holes/evidence.js';

export const rules = aConfiguration().black_holes;

let jobs = 0;

interface Wish {
  host?: string;
  pilot?: string;
  ce?: string;
  site?: string;
  owner?: string;
  work?: string;
  cause?: 'lost' | 'failed';
  seconds?: number;
}

function placed({
  host = 'node1',
  pilot = `pilot-${host}`,
  ce = 'ce',
  site = 'x',
  owner = 'jdoe',
  work = owner,
}: Wish) {
  return { site, ce, host, pilot, owner, work };
}

/** So many failed attempts of different jobs; on the pilots in turn when several are named. */
export function failed(count: number, wish: Wish & { pilots?: string[]; job?: number } = {}): FailedAttempt[] {
  return Array.from({ length: count }, (_, index) => ({
    ...placed({
      ...wish,
      ...(wish.pilots === undefined ? {} : { pilot: wish.pilots[index % wish.pilots.length] ?? '' }),
    }),
    job: wish.job ?? (jobs += 1),
    cause: wish.cause ?? 'lost',
    seconds: wish.seconds ?? 2,
  }));
}

/** So many attempts that ended well. */
export function well(count: number, wish: Wish = {}): GoodAttempts {
  return { ...placed(wish), count };
}

export function evidenceOf(
  failures: FailedAttempt[][],
  good: GoodAttempts[],
  past: Record<string, Past> = {},
): Evidence {
  return { failures: failures.flat(), good, past: new Map(Object.entries(past)) };
}
