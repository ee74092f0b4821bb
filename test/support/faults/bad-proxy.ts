import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a bad network does to one request; chosen by the header `x-network`. */
export type Network = 'loses the reply' | 'doubles the request';

/**
 * A proxy with the manners of a bad network. With several servers a doubled request arrives at two of them at the same time,
 * and the later reply is the one that gets through.
 */
export class BadProxy {
  /** The statuses of all replies that servers gave, in the order of their coming. */
  readonly statuses: number[] = [];

  private constructor(
    private readonly server: http.Server,
    private readonly targets: readonly string[],
  ) {
    server.on('request', (request: http.IncomingMessage, reply: http.ServerResponse) => {
      this.serve(request, reply).catch((error: unknown) => reply.destroy(error as Error));
    });
  }

  static async before(...targets: string[]): Promise<BadProxy> {
    const server = http.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new BadProxy(server, targets);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async serve(request: http.IncomingMessage, reply: http.ServerResponse): Promise<void> {
    const body = Buffer.concat(await request.toArray());
    const network = request.headers['x-network'] as Network | undefined;
    const copies = network === 'doubles the request' ? 2 : 1;
    const answers = await Promise.all(
      Array.from({ length: copies }, (_, copy) =>
        this.forward(request, body, this.targets[copy % this.targets.length]),
      ),
    );
    const last = answers.at(-1);
    if (last === undefined || network === 'loses the reply') {
      reply.destroy();
      return;
    }
    reply.writeHead(last.status, { 'content-type': last.type }).end(last.text);
  }

  private async forward(
    { method = 'GET', url, headers }: http.IncomingMessage,
    body: Buffer,
    target = '',
  ): Promise<{ status: number; type: string; text: string }> {
    const kept = ['authorization', 'content-type', 'idempotency-key'].flatMap((name): [string, string][] => {
      const value = headers[name];
      return typeof value === 'string' ? [[name, value]] : [];
    });
    const sent = body.length === 0 ? {} : { body: new Uint8Array(body) };
    const answer = await fetch(`${target}${url}`, { method, headers: kept, ...sent });
    const text = await answer.text();
    this.statuses.push(answer.status);
    return { status: answer.status, type: answer.headers.get('content-type') ?? 'text/plain', text };
  }
}
