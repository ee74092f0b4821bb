/** Where a job can vanish, from the smallest to the largest. */
export const levels = ['pilot', 'host', 'ce', 'site'] as const;
export type Level = (typeof levels)[number];

/** Where an attempt was held. Names are folded; an unknown host is empty. */
export interface Whereabouts {
  site: string;
  ce: string;
  host: string;
  pilot: string;
}

/** Who is to blame, as statuses name it: `site`, `site/ce`, `site/host`, or a pilot's stamp. */
export interface Place {
  level: Level;
  name: string;
}

/**
 * Whose and what: jobs of one work are alike. When other places do the same work well, it is not the work that fails.
 */
export interface Work {
  work: string;
  owner: string;
}

/** `lost`: the infrastructure failed. `failed`: a payload failed at once, or its sandboxes could not be moved. */
export type Cause = 'lost' | 'failed';

/** An attempt that ended badly. */
export interface FailedAttempt extends Whereabouts, Work {
  job: number;
  cause: Cause;
  /** From the claim to the end. */
  seconds: number;
}

/** So many attempts that ended otherwise, or have survived for long. */
export interface GoodAttempts extends Whereabouts, Work {
  count: number;
}

/** What is known of a place from before: attempts that ended there, and how many of them badly. */
export interface Past {
  ended: number;
  lost: number;
  failed: number;
}

/** What a judge looks at. */
export interface Evidence {
  failures: readonly FailedAttempt[];
  good: readonly GoodAttempts[];
  /** By {@link keyOf}; what is not there has no past. */
  past: ReadonlyMap<string, Past>;
}

/** The name of the place at a level that an attempt was at; null when it is not known. */
export function nameAt(level: Level, { site, ce, host, pilot }: Whereabouts): string | null {
  switch (level) {
    case 'pilot':
      return pilot;
    case 'host':
      return host === '' ? null : `${site}/${host}`;
    case 'ce':
      return `${site}/${ce}`;
    case 'site':
      return site;
  }
}

/** One text for a place. */
export function keyOf({ level, name }: Place): string {
  return `${level} ${name}`;
}
