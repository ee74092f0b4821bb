import type { Property } from '../contract/index.js';

/** A person, or a program that acts as one, in one group of one VO. */
export interface UserPrincipal {
  kind: 'user';
  vo: string;
  group: string;
  /** `<vo>:<subject at the identity provider>`: who somebody is. */
  subject: string;
  /** A label for people; who somebody is stands in `subject`. */
  username: string;
  properties: readonly Property[];
}

/** A pilot, by its own token. */
export interface PilotPrincipal {
  kind: 'pilot';
  vo: string;
  stamp: string;
}

/** The holder of one attempt of one job; it can touch nothing else. */
export interface AttemptPrincipal {
  kind: 'attempt';
  vo: string;
  stamp: string;
  jobId: number;
  attempt: number;
}

/** Whoever holds a valid token. */
export type Principal = UserPrincipal | PilotPrincipal | AttemptPrincipal;
