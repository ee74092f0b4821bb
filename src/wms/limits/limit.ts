/** Whom and what a limit counts. Names are folded but for the owner's. */
export interface LimitScope {
  vo?: string;
  group?: string;
  /** The user name; `subject` stands beside it. */
  owner?: string;
  subject?: string;
  jobType?: string;
  site?: string;
  ce?: string;
}

/** What holds for a job at a place: so many at one time, or so many within some seconds. */
export interface Limit {
  /** What is counted; the same as long as scope and kind are the same, whatever the maximum. */
  key: string;
  scope: LimitScope;
  maximum: number;
  /** Null: a slot is in use until the attempt ends. Else it is free again so many seconds after it was taken. */
  window: number | null;
  /** Where the rule stands in the configuration. */
  rule: string;
}

/** A job as limits see it. What is not known is absent. */
export interface LimitedJob {
  vo?: string | undefined;
  group?: string | undefined;
  owner?: string | undefined;
  subject?: string | undefined;
  jobType?: string | undefined;
}

/** Where a job would run. */
export interface LimitedPlace {
  site?: string | undefined;
  ce?: string | undefined;
}

const order = ['vo', 'group', 'owner', 'subject', 'jobType', 'site', 'ce'] as const;

/** The key of what is counted. */
export function keyOf(scope: LimitScope, window: number | null): string {
  const named = order.flatMap((name) => (scope[name] === undefined ? [] : [[name, scope[name]]]));
  return JSON.stringify({ window, ...(Object.fromEntries(named) as LimitScope) });
}

/** What a key counts. */
export function readKey(key: string): { scope: LimitScope; window: number | null } {
  const { window, ...scope } = JSON.parse(key) as LimitScope & { window: number | null };
  return { scope, window };
}
