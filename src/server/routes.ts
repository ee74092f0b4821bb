import type { FastifyInstance } from 'fastify';
import { type AnyEndpoint, endpoints } from '../contract/index.js';

/** The routes that the server has, and what they are routes of. */
export class Routes {
  private readonly handled = new Set<AnyEndpoint>();
  private readonly strangers: string[] = [];
  private paths: { endpoint: AnyEndpoint; pattern: RegExp }[] = [];

  /** Watches routes as they are made, and gives each the body limit of its endpoint. Before the first route. */
  watch(fastify: FastifyInstance): void {
    fastify.addHook('onRoute', (route) => {
      const { endpoint } = (route.config ?? {}) as { endpoint?: AnyEndpoint };
      const methods = [route.method].flat();
      if (endpoint === undefined) {
        if (methods.some((method) => method !== 'HEAD' && method !== 'OPTIONS')) {
          this.strangers.push(`${methods.join()} ${route.url}`);
        }
        return;
      }
      this.handled.add(endpoint);
      if (endpoint.bodyLimit !== undefined) route.bodyLimit = endpoint.bodyLimit;
    });
  }

  /** Throws when a route is no endpoint of the contract, or an endpoint has no handler. */
  check(): void {
    const missing = endpoints.filter((endpoint) => !this.handled.has(endpoint));
    if (this.strangers.length > 0) throw new Error(`Routes without an endpoint: ${this.strangers.join('; ')}`);
    if (missing.length > 0)
      throw new Error(`Endpoints without a handler: ${missing.map(({ name }) => name).join(', ')}`);
    this.paths = [...this.handled].map((endpoint) => ({ endpoint, pattern: patternOf(endpoint.path) }));
  }

  /** The methods that a path knows; none when there is no such path. */
  methodsOf(url: string): string[] {
    const path = url.split('?')[0] ?? '';
    const methods = this.paths.filter(({ pattern }) => pattern.test(path)).map(({ endpoint }) => endpoint.method);
    return [...new Set(methods)];
  }
}

function patternOf(path: string): RegExp {
  const source = path
    .replace(/\/$/, '')
    .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    .replace(/:\w+/g, '[^/]+');
  return new RegExp(`^${source}/?$`);
}
