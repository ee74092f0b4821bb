import http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import tls from 'node:tls';
import { bypassesProxy, type ProxySettings, proxyHeaders, TunnelAgent } from './proxy.js';
import { Unreachable } from './unreachable.js';

/** How to reach a server. */
export interface ConnectionSettings {
  /** Site root, like `https://pilotage.example.org:8443`. */
  baseUrl: string;
  /** PEM of the CAs to trust; the server itself is then verified by these alone. Node's own list otherwise. */
  ca?: string;
  proxy?: ProxySettings;
  userAgent?: string;
}

/** One request on the wire. `url` is absolute, or starts with `/` and is meant from the base URL. */
export interface Exchange {
  method: string;
  url: string;
  headers?: Record<string, string>;
  body?: string | Readable;
  signal?: AbortSignal;
  /** Milliseconds until the headers of the reply must be there; 60,000 unless said. */
  timeout?: number;
  /** Whether doing it twice is the same as doing it once; GET and HEAD are so anyway. */
  repeatable?: boolean;
}

/** The server had closed a connection that was kept open when the next request came over it: nobody answered that. */
class Overtaken extends Error {}

/**
 * Keep-alive connections to one server and to the stores that it names. TLS is always verified. Everything that client
 * code sends goes through here, so CA, proxy and user agent hold everywhere.
 */
export class Connection {
  readonly baseUrl: URL;
  private readonly agents = new Map<string, http.Agent>();

  constructor(private readonly settings: ConnectionSettings) {
    this.baseUrl = new URL(settings.baseUrl);
    if (!['http:', 'https:'].includes(this.baseUrl.protocol)) {
      throw new Error(`${settings.baseUrl} is not an http or https URL`);
    }
  }

  /** The absolute form of a URL that may be relative to the server. */
  resolve(url: string): URL {
    return new URL(url, this.baseUrl);
  }

  /**
   * Sends a request and gives the reply with its body still to be read. Throws {@link Unreachable}, or the signal's reason.
   * What may be repeated goes over another connection when the server closed the one that was kept open (RFC 9112, 9.3.1).
   */
  async open(exchange: Exchange): Promise<http.IncomingMessage> {
    const target = this.resolve(exchange.url);
    for (;;) {
      exchange.signal?.throwIfAborted();
      try {
        return await this.attempt(target, exchange);
      } catch (error) {
        if (!(error instanceof Overtaken)) throw error;
        if (!mayRepeat(exchange)) throw new Unreachable(target.host, error.cause);
      }
    }
  }

  /** One try; {@link Overtaken} can come only over a connection that was used before, so tries come to an end. */
  private async attempt(target: URL, exchange: Exchange): Promise<http.IncomingMessage> {
    const request = this.request(target, exchange);
    const timeout = exchange.timeout ?? 60_000;
    const timer = setTimeout(() => request.destroy(new Error(`no answer in ${timeout / 1000} s`)), timeout);
    const abort = (): void => void request.destroy(new Error('cancelled'));
    exchange.signal?.addEventListener('abort', abort, { once: true });
    try {
      const replied = new Promise<http.IncomingMessage>((resolve, reject) => {
        request.once('response', (reply) => {
          reply.once('close', () => exchange.signal?.removeEventListener('abort', abort));
          resolve(reply);
        });
        // A later error of an answered request reaches the reader of the reply; here it must only not be unhandled.
        request.on('error', reject);
      });
      await Promise.all([replied, this.send(request, exchange.body, replied)]);
      return await replied;
    } catch (error) {
      exchange.signal?.removeEventListener('abort', abort);
      if (exchange.signal?.aborted === true) throw exchange.signal.reason;
      if (request.reusedSocket && wasClosed(error)) throw new Overtaken('closed', { cause: error });
      throw new Unreachable(target.host, error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Reads the whole body of a reply as text. */
  async text(reply: http.IncomingMessage, signal?: AbortSignal): Promise<string> {
    const parts: Buffer[] = [];
    try {
      for await (const part of reply) parts.push(part as Buffer);
    } catch (error) {
      if (signal?.aborted === true) throw signal.reason;
      throw new Unreachable(reply.socket?.remoteAddress ?? this.baseUrl.host, error);
    }
    return Buffer.concat(parts).toString('utf8');
  }

  /** Closes idle connections, so that a program can end. */
  close(): void {
    for (const agent of this.agents.values()) agent.destroy();
    this.agents.clear();
  }

  private async send(
    request: http.ClientRequest,
    body: string | Readable | undefined,
    replied: Promise<unknown>,
  ): Promise<void> {
    if (body === undefined || typeof body === 'string') return void request.end(body);
    // A server may refuse before it has read the body: then its reply counts, not the broken pipe.
    await Promise.race([pipeline(body, request), replied]);
  }

  private request(target: URL, exchange: Exchange): http.ClientRequest {
    const headers: Record<string, string> = {
      ...(this.settings.userAgent === undefined ? {} : { 'user-agent': this.settings.userAgent }),
      ...exchange.headers,
    };
    if (typeof exchange.body === 'string') headers['content-length'] = String(Buffer.byteLength(exchange.body));
    const proxy = this.proxyFor(target);
    if (target.protocol === 'http:' && proxy !== undefined) {
      const forwarded = { host: target.host, ...proxyHeaders(proxy), ...headers };
      const port = proxy.port === '' ? 3128 : proxy.port;
      return http.request({
        host: proxy.hostname,
        port,
        path: target.href,
        method: exchange.method,
        headers: forwarded,
      });
    }
    const agent = this.agentFor(target, proxy);
    const make = target.protocol === 'https:' ? https.request : http.request;
    return make(target, { method: exchange.method, headers, agent });
  }

  private proxyFor(target: URL): URL | undefined {
    const proxy = this.settings.proxy;
    if (proxy === undefined || bypassesProxy(target, proxy.except)) return undefined;
    return new URL(proxy.url.includes('://') ? proxy.url : `http://${proxy.url}`);
  }

  private agentFor(target: URL, proxy: URL | undefined): http.Agent {
    const known = this.agents.get(target.host + target.protocol);
    if (known !== undefined) return known;
    const keep = { keepAlive: true, keepAliveMsecs: 15_000, maxSockets: 64, scheduling: 'lifo' } as const;
    const secure = {
      ...keep,
      ...this.trust(target),
      ...(isIP(target.hostname) === 0 ? { servername: target.hostname } : {}),
    };
    const agent =
      target.protocol === 'http:'
        ? new http.Agent(keep)
        : proxy === undefined
          ? new https.Agent(secure)
          : new TunnelAgent(proxy, secure);
    this.agents.set(target.host + target.protocol, agent);
    return agent;
  }

  private trust(target: URL): { ca?: string | string[] } {
    if (this.settings.ca === undefined) return {};
    if (target.host === this.baseUrl.host) return { ca: this.settings.ca };
    // An object store elsewhere may have a certificate of a public CA.
    return { ca: [this.settings.ca, ...tls.rootCertificates] };
  }
}

function mayRepeat({ method, body, repeatable = false }: Exchange): boolean {
  return (repeatable || ['GET', 'HEAD'].includes(method)) && (body === undefined || typeof body === 'string');
}

function wasClosed(error: unknown): boolean {
  return ['ECONNRESET', 'EPIPE'].includes((error as NodeJS.ErrnoException).code ?? '');
}
