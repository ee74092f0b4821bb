import type { Transport } from '../contract/index.js';
import type { Connection } from './connection.js';

/**
 * The contract's transport over a connection. `token` is asked before every request, so it may be renewed meanwhile.
 * Throws `Unreachable` when no answer came; an abort throws the signal's reason.
 */
export function httpsTransport(connection: Connection, token?: () => string | undefined): Transport {
  return async (request) => {
    const bearer = token?.();
    const started = performance.now();
    const reply = await connection.open({
      method: request.method,
      url: request.path,
      headers: { ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }), ...request.headers },
      ...(request.body === undefined ? {} : { body: request.body }),
      ...(request.signal === undefined ? {} : { signal: request.signal }),
      ...(request.timeout === undefined ? {} : { timeout: request.timeout }),
      ...(request.repeatable === undefined ? {} : { repeatable: request.repeatable }),
    });
    const left = Math.max(1000, (request.timeout ?? 60_000) - (performance.now() - started));
    const timer = setTimeout(() => reply.destroy(new Error(`the answer stopped half way`)), left);
    try {
      const body = await connection.text(reply, request.signal);
      return { status: reply.statusCode ?? 0, headers: flat(reply.headers), body };
    } finally {
      clearTimeout(timer);
    }
  };
}

function flat(headers: NodeJS.Dict<string | string[]>): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) result[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return result;
}
