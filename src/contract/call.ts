import type { CallInput, Endpoint, ReplyOf } from './endpoint.js';
import type { Problem, RefusalCode } from './errors.js';

/** One HTTP exchange as a client makes it; the program that calls brings the transport. */
export interface WireRequest {
  method: string;
  /** Path and query, from the site root. */
  path: string;
  headers: Record<string, string>;
  body?: string;
  signal?: AbortSignal;
  /** Milliseconds until the transport gives up. */
  timeout?: number;
  /** Whether doing it twice is the same as doing it once. */
  repeatable?: boolean;
}
export interface WireReply {
  status: number;
  headers: Record<string, string>;
  body: string;
}
export type Transport = (request: WireRequest) => Promise<WireReply>;

/** The server answered, and refused. `code` is one of the contract's, or `unknown` from a foreign server. */
export class CallRefused extends Error {
  readonly problems: Problem[];
  /** The whole body of the reply. */
  readonly body: unknown;
  /** Seconds of the Retry-After header. */
  readonly retryAfter: number | undefined;

  constructor(
    readonly status: number,
    readonly code: RefusalCode | 'unknown',
    message: string,
    more: { problems?: Problem[]; body?: unknown; retryAfter?: number | undefined } = {},
  ) {
    super(message);
    this.name = 'CallRefused';
    this.problems = more.problems ?? [];
    this.body = more.body;
    this.retryAfter = more.retryAfter;
  }
}

/** What a call may set besides the endpoint's input. */
export interface CallOptions {
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** Milliseconds until the call fails. */
  timeout?: number;
  /** Statuses that are answers too, besides the endpoint's own (206 and 416 of a search). */
  alsoAccept?: number[];
}

/** The path and query of a call. */
export function pathOf(endpoint: Endpoint, input: { params?: unknown; query?: unknown } = {}): string {
  const params = (input.params ?? {}) as Record<string, unknown>;
  const path = endpoint.path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(String(params[name])));
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries((input.query ?? {}) as Record<string, unknown>)) {
    if (value !== undefined) query.append(name, String(value));
  }
  const text = query.toString();
  return text === '' ? path : `${path}?${text}`;
}

/** Calls one endpoint through a transport and parses the reply. Throws {@link CallRefused} when the server refuses. */
export async function call<E extends Endpoint>(
  transport: Transport,
  endpoint: E,
  input: CallInput<E> = {},
  options: CallOptions = {},
): Promise<{ reply: ReplyOf<E>; status: number; headers: Record<string, string> }> {
  const wire: WireRequest = {
    method: endpoint.method,
    path: pathOf(endpoint, input),
    headers: { accept: 'application/json', ...options.headers },
    repeatable: isRepeatable(endpoint) || options.headers?.['idempotency-key'] !== undefined,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    ...(options.timeout === undefined ? {} : { timeout: options.timeout }),
  };
  if (input.body !== undefined) {
    wire.body = JSON.stringify(input.body);
    wire.headers['content-type'] = 'application/json';
  }
  const answer = await transport(wire);
  if (answer.status !== endpoint.status && !options.alsoAccept?.includes(answer.status)) throw refusalOf(answer);
  const parsed = answer.body === '' ? undefined : (JSON.parse(answer.body) as unknown);
  const reply = (endpoint.reply === undefined ? parsed : endpoint.reply.parse(parsed)) as ReplyOf<E>;
  return { reply, status: answer.status, headers: answer.headers };
}

function isRepeatable({ method, repeatable }: Endpoint): boolean {
  return repeatable === true || !['POST', 'PATCH'].includes(method);
}

/** The refusal in a reply, whichever dialect it speaks. */
export function refusalOf(answer: WireReply): CallRefused {
  let body: { code?: string; detail?: unknown; problems?: Problem[] } = {};
  try {
    body = JSON.parse(answer.body) as typeof body;
  } catch {
    body = { detail: answer.body.slice(0, 200) };
  }
  const detail = typeof body.detail === 'string' ? body.detail : JSON.stringify(body.detail ?? `HTTP ${answer.status}`);
  const retryAfter = Number(answer.headers['retry-after']);
  const known = Number.isFinite(retryAfter) && answer.headers['retry-after'] !== undefined;
  return new CallRefused(answer.status, (body.code as RefusalCode | undefined) ?? 'unknown', detail, {
    problems: body.problems ?? [],
    body,
    retryAfter: known ? retryAfter : undefined,
  });
}
