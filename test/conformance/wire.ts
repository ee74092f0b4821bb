import type { TestServer, TestUser } from '../support/server.js';

/** A reply as it came over the wire; `json` is undefined for an empty body. */
export interface WireAnswer {
  status: number;
  headers: Headers;
  text: string;
  json: unknown;
}

/**
 * Who asks, as in the checklist: U has NormalUser (V is another one), A administers jobs and services, P is a foreign
 * pilot. X is a user and B an administrator of another VO.
 */
export const people = {
  U: { group: 'lhcb_user', user: 'jdoe' },
  V: { group: 'lhcb_user', user: 'rroe' },
  A: { group: 'lhcb_admin', user: 'boss' },
  P: { group: 'lhcb_pilot', user: 'pilot' },
  X: { vo: 'biomed', group: 'biomed_user', user: 'zoe' },
  B: { vo: 'biomed', group: 'biomed_admin', user: 'zack' },
} as const satisfies Record<string, TestUser>;
export type Person = keyof typeof people;

/** Requests as DiracX's clients make them: nothing of ours stands between the test and the socket. */
export class Wire {
  private readonly tokens = new Map<Person, string>();

  constructor(private readonly server: TestServer) {}

  /** The Authorization header of somebody. */
  bearer(who: Person): string {
    const token = this.tokens.get(who) ?? this.server.tokenFor(people[who]);
    this.tokens.set(who, token);
    return `Bearer ${token}`;
  }

  /** Sends a request; `who` is null for nobody. A body that is a string is sent as it is, others as JSON. */
  async send(
    who: Person | null,
    request: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<WireAnswer> {
    const [method = 'GET', path = '/'] = request.split(' ');
    const reply = await fetch(path.startsWith('http') ? path : `${this.server.url}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(who === null ? {} : { authorization: this.bearer(who) }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await reply.text();
    const isJson = reply.headers.get('content-type')?.includes('json') === true;
    return {
      status: reply.status,
      headers: reply.headers,
      text,
      json: isJson && text !== '' ? JSON.parse(text) : undefined,
    };
  }

  /** Submits JDL texts as U; the ids. */
  async submit(...jdls: string[]): Promise<number[]> {
    const { json } = await this.send('U', 'POST /api/jobs/jdl', jdls);
    return (json as { JobID: number }[]).map(({ JobID }) => JobID);
  }

  /** One plain job of U. */
  async job(): Promise<number> {
    const [id = 0] = await this.submit('Executable = "hello";');
    return id;
  }

  /** The row of a job as A sees it, with its history. */
  async row(id: number): Promise<Record<string, unknown> & { LoggingInfo: Record<string, string>[] }> {
    const search = [{ parameter: 'JobID', operator: 'eq', value: id }];
    const { json } = await this.send('A', 'POST /api/jobs/search', { parameters: ['LoggingInfo'], search });
    return (json as never[])[0] as never;
  }
}

/** A time of a reply: UTC, `Z`, six digits of fraction or none. */
export const wireTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z$/;
