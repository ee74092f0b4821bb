import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { type AnyEndpoint, endpoints, type RefusalCode } from '../../src/contract/index.js';
import { Jobs } from '../../src/wms/jobs/jobs.js';
import { PilotLogs } from '../../src/wms/pilot-logs/pilot-logs.js';
import { holdJob } from './held-job.js';
import type { TestServer } from './server.js';
import type { Stages } from './stages.js';

/** A call of a route. */
export interface RouteCall {
  token?: string;
  params?: Record<string, string | number>;
  query?: Record<string, string | number>;
  /** Sent as JSON, unless it is a form. */
  body?: unknown;
  headers?: Record<string, string>;
  /** Instead of the method of the endpoint. */
  method?: string;
  /** Instead of the path of the endpoint, with its query. */
  url?: string;
}

/** What a route answered. */
export interface RouteReply {
  status: number;
  code: RefusalCode | undefined;
  body: unknown;
}

/** How a route is tried: a call that is done, one that is refused, and one from another VO. */
export interface RouteCase {
  success: (world: RouteWorld) => RouteCall | Promise<RouteCall>;
  refusal: { call: (world: RouteWorld) => RouteCall | Promise<RouteCall>; code: RefusalCode };
  /** A text says why no call of another VO can exist. */
  foreign: { call: (world: RouteWorld) => RouteCall | Promise<RouteCall>; expected: Partial<RouteReply> } | string;
}

/** An attempt that a pilot holds, and the tokens of both. */
export interface HeldAttempt {
  jobId: number;
  attempt: number;
  stamp: string;
  token: string;
  pilot: string;
}

/** Jobs, pilots and people of two VOs on a server. */
export class RouteWorld {
  constructor(readonly server: TestServer) {}

  /** A user of VO lhcb, who owns {@link job}. */
  readonly alice = (): string => this.server.tokenFor();
  readonly bob = (): string => this.server.tokenFor({ user: 'bob' });
  readonly admin = (): string => this.server.tokenFor({ group: 'lhcb_admin', user: 'root' });
  /** A user and an administrator of VO biomed. */
  readonly zoe = (): string => this.server.tokenFor({ vo: 'biomed', group: 'biomed_user', user: 'zoe' });
  readonly foreignAdmin = (): string => this.server.tokenFor({ vo: 'biomed', group: 'biomed_admin', user: 'zack' });

  /** A waiting job of alice. */
  async job(description: Record<string, unknown> = {}): Promise<number> {
    const { body } = await this.fetch('POST', '/api/jobs', {
      token: this.alice(),
      body: { jobs: [{ executable: 'x', ...description }] },
    });
    return (body as { jobs: { JobID: number }[] }).jobs[0]?.JobID ?? 0;
  }

  /** The stamp and the secret of a pilot that a site director made. */
  async pilot(vo = 'lhcb'): Promise<{ stamp: string; secret: string; token: string }> {
    const stamp = randomBytes(16).toString('hex');
    const secret = randomBytes(32).toString('base64url');
    const hash = createHash('sha256').update(secret).digest('hex');
    await this.server.database.execute(
      `INSERT INTO pilots (stamp, vo, site, ce, queue, tags, platforms, isolation, secret_hash, secret_expires_at)
       VALUES (?, ?, 'Demo.Local', 'local', 'all', '[]', '[]', 'bubblewrap', ?, NOW(6) + INTERVAL 1 HOUR)`,
      [stamp, vo, hash],
    );
    return { stamp, secret, token: this.server.tokens.forPilot({ vo, stamp }, 600).token };
  }

  /** A job of alice in the hands of a pilot. */
  async held(): Promise<HeldAttempt> {
    const jobId = await this.job();
    const { stamp, token: pilot } = await this.pilot();
    const attempt = await holdJob({ jobs: this.server.app.get(Jobs) } as Stages, jobId, stamp);
    const { token } = this.server.tokens.forAttempt({ vo: 'lhcb', stamp, jobId, attempt }, 600);
    return { jobId, attempt, stamp, token, pilot };
  }

  /** The token of an attempt of another VO, with the numbers of this one. */
  foreignHolder({ jobId, attempt, stamp }: HeldAttempt): string {
    return this.server.tokens.forAttempt({ vo: 'biomed', stamp, jobId, attempt }, 600).token;
  }

  /** The stamp of a pilot with a log, sealed or not. */
  async log(isSealed: boolean): Promise<string> {
    const { stamp } = await this.pilot();
    const logs = this.server.app.get(PilotLogs);
    await logs.append(stamp, 0, 'hello\n');
    await this.server.database.execute("UPDATE pilots SET status = 'Done' WHERE stamp = ?", [stamp]);
    if (isSealed) await logs.seal(stamp, 'pilot');
    return stamp;
  }

  /** An announcement of a new sandbox. */
  announcement(content: string = randomUUID()): Record<string, unknown> {
    const checksum = createHash('sha256').update(content).digest('hex');
    return { checksum_algorithm: 'sha256', checksum, size: content.length, format: 'tar.gz' };
  }

  /** Announces a sandbox of alice; what the server said, and its content. */
  async announced(): Promise<{ pfn: string; url: string; form: FormData }> {
    const content = randomUUID();
    const { body } = await this.fetch('POST', '/api/jobs/sandbox', {
      token: this.alice(),
      body: this.announcement(content),
    });
    const { pfn, url, fields } = body as { pfn: string; url: string; fields: Record<string, string> };
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.set(name, value);
    form.set('file', new Blob([content]), 'sandbox');
    return { pfn, url, form };
  }

  /** The name of a sandbox of alice that is stored. */
  async stored(): Promise<string> {
    const { pfn, url, form } = await this.announced();
    await fetch(url, { method: 'POST', body: form });
    return pfn;
  }

  callByName(name: string, call: RouteCall): Promise<RouteReply> {
    const endpoint = endpoints.find((one) => one.name === name);
    if (endpoint === undefined) throw new Error(`There is no route ${name}`);
    return this.call(endpoint, call);
  }

  /** Calls a route. */
  call({ method, path }: AnyEndpoint, call: RouteCall): Promise<RouteReply> {
    const place = path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(String(call.params?.[name])));
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(call.query ?? {})) query.append(name, String(value));
    const text = query.toString();
    return this.fetch(call.method ?? method, call.url ?? `${place}${text === '' ? '' : `?${text}`}`, call);
  }

  private async fetch(method: string, url: string, call: RouteCall): Promise<RouteReply> {
    const isForm = call.body instanceof FormData;
    const reply = await fetch(url.startsWith('http') ? url : `${this.server.url}${url}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(call.token === undefined ? {} : { authorization: `Bearer ${call.token}` }),
        ...(call.body === undefined || isForm ? {} : { 'content-type': 'application/json' }),
        ...call.headers,
      },
      ...(call.body === undefined ? {} : { body: isForm ? (call.body as FormData) : JSON.stringify(call.body) }),
    });
    const text = await reply.text();
    const isJson = text !== '' && reply.headers.get('content-type')?.includes('json') === true;
    const body = isJson ? (JSON.parse(text) as { code?: RefusalCode }) : text;
    return { status: reply.status, code: isJson ? (body as { code?: RefusalCode } | null)?.code : undefined, body };
  }
}
