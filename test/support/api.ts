import type { TestServer } from './server.js';

/** A reply as it came over the wire. */
export interface RawReply {
  status: number;
  headers: Headers;
  /** Parsed JSON; undefined for an empty body. */
  body: unknown;
}

/** Calls of a server with a token, as any HTTP client makes them; every status is an answer. */
export class Api {
  constructor(
    private readonly server: TestServer,
    private readonly token: string,
  ) {}

  async send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<RawReply> {
    const reply = await fetch(`${this.server.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await reply.text();
    return { status: reply.status, headers: reply.headers, body: text === '' ? undefined : JSON.parse(text) };
  }

  get(path: string): Promise<RawReply> {
    return this.send('GET', path);
  }
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<RawReply> {
    return this.send('POST', path, body, headers);
  }
  patch(path: string, body: unknown): Promise<RawReply> {
    return this.send('PATCH', path, body);
  }

  /** Submits JSON descriptions; the ids. */
  async submit(...descriptions: Record<string, unknown>[]): Promise<number[]> {
    const { body } = await this.post('/api/jobs', { jobs: descriptions });
    return (body as { jobs: { JobID: number }[] }).jobs.map(({ JobID }) => JobID);
  }

  /** The row of a job, as a search shows it, with its history. */
  async row(jobId: number): Promise<Record<string, unknown> & { LoggingInfo: Record<string, string>[] }> {
    const search = [{ parameter: 'JobID', operator: 'eq', value: jobId }];
    const { body } = await this.post('/api/jobs/search', { parameters: ['LoggingInfo'], search });
    return (body as never[])[0] as never;
  }
}
