import type { Endpoint } from '../../../src/contract/index.js';
import { type Request, send } from './world.js';

/** One piece of work that a server may die over. */
export interface Work {
  /** Sends the call to a server; again, it is the same call. */
  send(url: string, headers?: Record<string, string>): Promise<unknown>;
  /** Whether what it wants is in the database; for works that write. */
  isDone(): Promise<boolean>;
  /** Throws unless all is there exactly once; `reply` is what the client got in the end. */
  check(reply: unknown): Promise<void>;
}

/** A call as a piece of work. */
export function workOf<E extends Endpoint>(request: Request<E>, rest: Omit<Work, 'send'>): Work {
  return { send: (url, headers) => send(url, request, headers), ...rest };
}
