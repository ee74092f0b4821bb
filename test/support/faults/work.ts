import assert from 'node:assert/strict';
import type { Endpoint, SandboxUpload } from '../../../src/contract/index.js';
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

/** Uploads bytes by a form as a client does, to a server of the test's choice. */
export async function uploadForm(
  server: string,
  { url, fields }: SandboxUpload,
  bytes: Buffer,
  headers: Record<string, string> = {},
): Promise<void> {
  if (url === null) return;
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append('file', new Blob([new Uint8Array(bytes)]), 'sandbox');
  const reply = await fetch(new URL(new URL(url).pathname, server), { method: 'POST', body: form, headers });
  assert.equal(reply.status, 204, await reply.text());
}
