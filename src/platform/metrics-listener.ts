import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Metrics } from './metrics.js';

/** A small HTTP server for the operator's monitoring, apart from the public API. */
export interface MetricsListener {
  port: number;
  close(): Promise<void>;
}

/** Offers `/metrics` (Prometheus) and `/health` (200, or 503 when `healthy` answers false) at an address. */
export async function listenForMetrics(
  address: { host: string; port: number },
  metrics: Metrics,
  healthy: () => boolean = () => true,
): Promise<MetricsListener> {
  const server = createServer((request, response) => {
    if (request.method !== 'GET') response.writeHead(405, { allow: 'GET' }).end();
    else if (request.url === '/metrics') {
      metrics.registry.metrics().then(
        (text) => response.writeHead(200, { 'content-type': metrics.registry.contentType }).end(text),
        (error: unknown) => response.writeHead(500).end(String(error)),
      );
    } else if (request.url === '/health') {
      const well = healthy();
      response.writeHead(well ? 200 : 503, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ status: well ? 'live' : 'failing' }));
    } else response.writeHead(404).end();
  });
  server.listen(address.port, address.host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
