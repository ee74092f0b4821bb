import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { CallRefused, refusalOf } from '../contract/index.js';
import type { Connection } from './connection.js';
import { Unreachable } from './unreachable.js';

/** The longest pause that a server may ask for, seconds. */
const longestAsked = 120;

/** One server-sent event. */
export interface ServerEvent {
  id: string;
  event: string;
  data: string;
}

/** What to follow, and for how long a silent server is tried again. */
export interface Following {
  /** Path and query from the site root. */
  path: string;
  token?: () => string | undefined;
  lastEventId?: string;
  signal?: AbortSignal;
  /** Seconds without any connection after which `Unreachable` is thrown; 120 unless said. */
  patienceSeconds?: number;
}

/**
 * The events of a stream, for as long as the caller reads. A broken connection is opened again after the last event that
 * arrived (Last-Event-ID); status 204 ends the stream; a refusal throws `CallRefused`.
 */
export async function* followEvents(connection: Connection, following: Following): AsyncGenerator<ServerEvent> {
  let lastId = following.lastEventId ?? '';
  let pause = 1;
  let lastContact = performance.now();
  for (;;) {
    try {
      const reply = await connection.open({
        method: 'GET',
        url: following.path,
        headers: headersOf(following, lastId),
        ...signalOf(following),
      });
      if (reply.statusCode === 204) return;
      if (reply.statusCode !== 200) throw await failureOf(connection, reply);
      const parser = new EventParser();
      for await (const chunk of reply) {
        lastContact = performance.now();
        for (const event of parser.push((chunk as Buffer).toString('latin1'))) {
          if (event.id !== '') lastId = event.id;
          yield event;
        }
        pause = parser.retrySeconds ?? 1;
      }
    } catch (error) {
      if (following.signal?.aborted === true) throw following.signal.reason;
      if (!isBroken(error)) throw error;
      if (performance.now() - lastContact > (following.patienceSeconds ?? 120) * 1000) throw error;
      const asked = error instanceof CallRefused ? (error.retryAfter ?? 0) : 0;
      pause = Math.max(Math.min(10, pause * 2), Math.min(longestAsked, asked));
    }
    await delay(pause * 1000, undefined, signalOf(following));
  }
}

function headersOf(following: Following, lastId: string): Record<string, string> {
  const token = following.token?.();
  return {
    accept: 'text/event-stream',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(lastId === '' ? {} : { 'last-event-id': lastId }),
  };
}

function signalOf(following: Following): { signal?: AbortSignal } {
  return following.signal === undefined ? {} : { signal: following.signal };
}

/** What a reply without a stream means: a server that is away for now, or a refusal. */
async function failureOf(connection: Connection, reply: IncomingMessage): Promise<Error> {
  const status = reply.statusCode ?? 0;
  const body = await connection.text(reply);
  if ([502, 503, 504].includes(status)) {
    return new Unreachable(connection.baseUrl.host, new Error(`HTTP ${status}`));
  }
  const asked = reply.headers['retry-after'];
  return refusalOf({ status, headers: asked === undefined ? {} : { 'retry-after': asked }, body });
}

function isBroken(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  if (error instanceof CallRefused) return error.status === 429;
  return error instanceof Unreachable || code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE';
}

/** Turns the bytes of a stream (as latin1 text, so that characters may be cut in two) into events. */
export class EventParser {
  retrySeconds: number | undefined;
  private rest = '';
  private id = '';
  private event = '';
  private data: string[] = [];

  /** The events that are complete with this piece. */
  push(piece: string): ServerEvent[] {
    const lines = (this.rest + piece).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop() ?? '';
    return lines.flatMap((line) => this.line(Buffer.from(line, 'latin1').toString('utf8')));
  }

  private line(line: string): ServerEvent[] {
    if (line === '') return this.dispatch();
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') this.data.push(value);
    else if (field === 'event') this.event = value;
    else if (field === 'id') this.id = value;
    else if (field === 'retry' && /^\d+$/.test(value)) this.retrySeconds = Number(value) / 1000;
    return [];
  }

  private dispatch(): ServerEvent[] {
    const event = { id: this.id, event: this.event === '' ? 'message' : this.event, data: this.data.join('\n') };
    const complete = this.data.length > 0;
    this.event = '';
    this.data = [];
    return complete ? [event] : [];
  }
}
