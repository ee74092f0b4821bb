import http from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  explain,
  jobs,
  objects,
  pilots,
  Refusal,
  sandboxes,
  server,
  type AnyEndpoint,
  type RefusalCode,
} from '../../src/contract/index.js';

/** A request as a handler of the fake sees it. */
export interface FakeRequest {
  params: Record<string, string>;
  query: URLSearchParams;
  headers: http.IncomingHttpHeaders;
  body: unknown;
  raw: Buffer;
}

/** What a handler answers. A string or Buffer is sent as it is. */
export interface FakeReply {
  status?: number;
  headers?: Record<string, string>;
  body?: unknown;
}

type Handler = (request: FakeRequest) => FakeReply | Promise<FakeReply>;

const endpoints: AnyEndpoint[] = [explain, jobs, objects, pilots, sandboxes, server].flatMap(
  (group) => Object.values(group) as unknown as AnyEndpoint[],
);

/** A server that speaks the contract over real HTTP; each test says how it answers. Its one token is `good`. */
export class FakeServer {
  readonly calls: { name: string; request: FakeRequest }[] = [];
  private readonly handlers = new Map<string, Handler>();
  private readonly http = http.createServer((request, response) => void this.serve(request, response));

  static async start(): Promise<FakeServer> {
    const fake = new FakeServer();
    await new Promise<void>((resolve) => fake.http.listen(0, '127.0.0.1', resolve));
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}`;
  }

  /** Sets how an endpoint answers. */
  on(endpoint: { name: string }, handler: Handler): void {
    this.handlers.set(endpoint.name, handler);
  }

  /** Lets an endpoint refuse. */
  refuse(endpoint: { name: string }, code: RefusalCode, details: ConstructorParameters<typeof Refusal>[2] = {}): void {
    this.on(endpoint, () => {
      throw new Refusal(code, undefined, details);
    });
  }

  /** The requests that an endpoint got. */
  got(endpoint: { name: string }): FakeRequest[] {
    return this.calls.filter(({ name }) => name === endpoint.name).map(({ request }) => request);
  }

  async stop(): Promise<void> {
    this.http.closeAllConnections();
    await new Promise((resolve) => this.http.close(resolve));
  }

  private async serve(incoming: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of incoming) parts.push(part as Buffer);
    const reply = await this.answer(incoming, Buffer.concat(parts));
    const plain = typeof reply.body === 'string' || Buffer.isBuffer(reply.body) || reply.body === undefined;
    const body = plain ? reply.body : JSON.stringify(reply.body);
    response.writeHead(reply.status ?? 200, { 'content-type': 'application/json', ...reply.headers });
    response.end(body);
  }

  private async answer(incoming: http.IncomingMessage, raw: Buffer): Promise<FakeReply> {
    const url = new URL(incoming.url ?? '/', 'http://fake');
    const found = find(incoming.method ?? 'GET', url.pathname);
    const handler = found === undefined ? undefined : this.handlers.get(found.endpoint.name);
    try {
      if (found === undefined || handler === undefined)
        throw new Refusal('not-found', `no handler for ${url.pathname}`);
      const { endpoint, params } = found;
      if (endpoint.access !== 'public' && incoming.headers.authorization !== 'Bearer good')
        throw new Refusal('invalid-token');
      const isJson = incoming.headers['content-type'] === 'application/json';
      const body = isJson ? (endpoint.body?.parse(JSON.parse(raw.toString('utf8'))) ?? null) : null;
      const request = { params, query: url.searchParams, headers: incoming.headers, body, raw };
      this.calls.push({ name: endpoint.name, request });
      const reply = await handler(request);
      return { status: endpoint.status, ...reply };
    } catch (error) {
      const refusal = error instanceof Refusal ? error : new Refusal('internal', String(error));
      const { problems } = refusal.details;
      return { status: refusal.status, body: { code: refusal.code, detail: refusal.message, problems } };
    }
  }
}

function find(method: string, path: string): { endpoint: AnyEndpoint; params: Record<string, string> } | undefined {
  // Fixed paths win over those with parameters.
  const sorted = endpoints.toSorted((a, b) => Number(a.path.includes(':')) - Number(b.path.includes(':')));
  for (const endpoint of sorted) {
    if (endpoint.method !== method) continue;
    const pattern = new RegExp(`^${endpoint.path.replace(/:(\w+)/g, '(?<$1>[^/]+)')}$`);
    const match = pattern.exec(path);
    if (match !== null) return { endpoint, params: { ...match.groups } };
  }
  return undefined;
}
