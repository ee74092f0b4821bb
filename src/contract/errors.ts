/**
 * Every refusal that a program can meet, in one table: code → HTTP status and title.
 * A refusal means that the caller must act; codes are stable, sentences may improve.
 */
export const refusals = {
  'invalid-request': { status: 422, title: 'The request does not have the expected form' },
  'malformed-body': { status: 400, title: 'The body cannot be read' },
  'body-too-large': { status: 413, title: 'The body is larger than this route accepts' },
  'not-found': { status: 404, title: 'There is no such route' },
  'method-not-allowed': { status: 405, title: 'The route does not know this method' },
  'missing-token': { status: 401, title: 'A token is required' },
  'malformed-authorization': { status: 400, title: 'The Authorization header is not of the form "Bearer <token>"' },
  'invalid-token': { status: 401, title: 'The token is not valid here' },
  forbidden: { status: 403, title: 'The policy does not allow this' },
  'client-too-old': { status: 400, title: 'The client version is not supported' },
  'jdl-syntax': { status: 400, title: 'The JDL cannot be parsed' },
  'invalid-description': { status: 400, title: 'A job description is not valid' },
  'needs-catalogue': { status: 400, title: 'The description needs a file catalogue, and none is configured' },
  'too-many-jobs': { status: 400, title: 'More jobs than one call may submit' },
  'too-many-waiting-jobs': { status: 429, title: 'The owner has too many waiting jobs' },
  'idempotency-conflict': { status: 409, title: 'The idempotency key was used with another body' },
  'idempotency-in-progress': { status: 409, title: 'A request with this idempotency key is being worked on' },
  'job-not-found': { status: 404, title: 'There is no such job' },
  'attempt-ended': { status: 409, title: 'The attempt has ended; stop its payload' },
  'invalid-timestamp': { status: 400, title: 'A timestamp is not valid' },
  'unknown-column': { status: 400, title: 'There is no such column' },
  'invalid-search': { status: 400, title: 'The search is not valid' },
  /** No 503: trying the same again would only take as long again. */
  'search-deadline': { status: 400, title: 'The search took too long; narrow it' },
  'invalid-cursor': { status: 400, title: 'The cursor is not one of this search' },
  'not-reschedulable': { status: 400, title: 'No job of the request can be rescheduled' },
  'protected-attribute': { status: 400, title: 'The attribute cannot be set by this route' },
  'sandbox-too-large': { status: 400, title: 'The sandbox is larger than the limit' },
  'sandbox-quota': { status: 400, title: 'The owner has no room for more in sandboxes' },
  'sandbox-not-found': { status: 400, title: 'There is no such sandbox' },
  'sandbox-already-assigned': { status: 400, title: 'The sandbox is already assigned' },
  'sandbox-mismatch': { status: 400, title: 'The bytes are not what was announced' },
  'object-not-found': { status: 404, title: 'The storage element holds no such object' },
  'url-expired': { status: 403, title: 'The signed URL is expired or not genuine' },
  'task-queue-not-found': { status: 404, title: 'There is no such task queue' },
  'pilot-not-found': { status: 404, title: 'There is no such pilot' },
  'pilot-exists': { status: 409, title: 'A pilot with this stamp exists' },
  'pilot-ended': { status: 409, title: 'The pilot has ended' },
  'invalid-secret': { status: 401, title: 'The pilot secret is wrong, used or expired' },
  'log-chunk-gap': { status: 409, title: 'A log chunk before this one is missing' },
  'log-too-large': { status: 413, title: 'The pilot log has reached its limit' },
  'log-not-found': { status: 404, title: 'The pilot has no log' },
  'unknown-resource': { status: 400, title: 'A resource is not known' },
  'unknown-vo': { status: 400, title: 'The VO is not in the configuration' },
  'invalid-configuration': { status: 400, title: 'The configuration document is not valid' },
  'no-configuration': { status: 503, title: 'No configuration has been applied yet' },
  'wrong-conditions': { status: 400, title: 'The offer contradicts itself' },
  /** 503, so that pilots and clients come again: an operator has closed it for a while. */
  'storage-closed': { status: 503, title: 'The storage element is closed' },
  'too-many-requests': { status: 429, title: 'Too many requests' },
  'too-many-streams': { status: 429, title: 'Too many streams are open' },
  'server-busy': { status: 429, title: 'The server is busy' },
  unavailable: { status: 503, title: 'A service behind the server does not answer' },
  internal: { status: 500, title: 'Internal error' },
} as const satisfies Record<string, { status: number; title: string }>;

/** A stable code of {@link refusals}. */
export type RefusalCode = keyof typeof refusals;

/** One thing that is wrong with a request: where (a path like `jobs[2].priority`) and what to do about it. */
export interface Problem {
  path: string;
  message: string;
}

/** What else a refusal carries. */
export interface RefusalDetails {
  /** The body of DiracX's `detail` where it is not the sentence itself. */
  body?: unknown;
  problems?: Problem[];
  /** Seconds after which a retry makes sense at the earliest; callers who are told 429 hear of up to twice as many. */
  retryAfter?: number;
  cause?: unknown;
}

/** The caller must act: says what is wrong in one sentence and carries a stable code. */
export class Refusal extends Error {
  readonly status: number;

  constructor(
    readonly code: RefusalCode,
    detail?: string,
    readonly details: RefusalDetails = {},
  ) {
    super(detail ?? refusals[code].title, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'Refusal';
    this.status = refusals[code].status;
  }
}
