import http from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';

/** A proxy as HTTPS_PROXY and NO_PROXY name it. `except` is a comma list of host names, suffixes (`.cern.ch`), `host:port` or `*`. */
export interface ProxySettings {
  url: string;
  except?: string;
}

/** Whether requests to this URL bypass the proxy. */
export function bypassesProxy(target: URL, except: string | undefined): boolean {
  const port = target.port === '' ? (target.protocol === 'https:' ? '443' : '80') : target.port;
  const host = target.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  return (except ?? '')
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      if (entry === '*') return true;
      const [, name = '', wanted] = /^(.*?)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? [];
      if (wanted !== undefined && wanted !== port) return false;
      const bare = name.replace(/^\*?\./, '');
      return host === bare || host.endsWith(`.${bare}`);
    });
}

/** The headers that a proxy URL with user and password asks for. */
export function proxyHeaders(proxy: URL): Record<string, string> {
  if (proxy.username === '') return {};
  const pair = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(pair).toString('base64')}` };
}

type Connected = (error: Error | null, socket: Duplex) => void;

/** An agent whose TLS connections run through a tunnel (CONNECT) of an HTTP proxy. The proxy sees the host, not the content. */
export class TunnelAgent extends https.Agent {
  constructor(
    private readonly proxy: URL,
    options: https.AgentOptions,
  ) {
    super(options);
  }

  override createConnection(options: https.RequestOptions, connected?: Connected): undefined {
    const fail = (error: Error): void => connected?.(error, undefined as unknown as Duplex);
    const target = `${options.host ?? ''}:${options.port ?? 443}`;
    const request = (this.proxy.protocol === 'https:' ? https : http).request({
      host: this.proxy.hostname,
      port: this.proxy.port === '' ? 3128 : this.proxy.port,
      method: 'CONNECT',
      path: target,
      headers: { host: target, ...proxyHeaders(this.proxy) },
      timeout: 30_000,
    });
    request.once('connect', (reply, socket) => {
      if (reply.statusCode !== 200) {
        socket.destroy();
        return fail(new Error(`the proxy ${this.proxy.host} answered ${reply.statusCode}`));
      }
      const secure = tls.connect({ ...(options as tls.ConnectionOptions), socket, servername: options.host ?? '' });
      secure.once('error', fail);
      secure.once('secureConnect', () => {
        secure.off('error', fail);
        connected?.(null, secure);
      });
    });
    request.once('timeout', () => request.destroy(new Error(`the proxy ${this.proxy.host} does not answer`)));
    request.once('error', (error) => fail(new Error(`the proxy ${this.proxy.host} failed: ${error.message}`)));
    request.end();
    return undefined;
  }
}
