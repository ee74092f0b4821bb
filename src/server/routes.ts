import type { FastifyInstance } from 'fastify';
import { type AnyEndpoint, endpoints } from '../contract/index.js';

/** The routes that the server has, and what they are routes of. */
export class Routes {
  private readonly handled = new Set<AnyEndpoint>();
  private readonly strangers: string[] = [];
  private paths: { endpoint: AnyEndpoint; pattern: RegExp }[] = [];
  /** The methods of paths without parameters. */
  private readonly fixed = new Map<string, string[]>();

  /** `bulkBodyBytes` is the largest body of a call about many jobs. */
  constructor(private readonly bulkBodyBytes: number) {}

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
      if (endpoint.manyJobs === true) route.bodyLimit = this.bulkBodyBytes;
    });
  }

  /** Throws when a route is no endpoint of the contract, or an endpoint has no handler. */
  check(): void {
    const missing = endpoints.filter((endpoint) => !this.handled.has(endpoint));
    if (this.strangers.length > 0) throw new Error(`Routes without an endpoint: ${this.strangers.join('; ')}`);
    if (missing.length > 0)
      throw new Error(`Endpoints without a handler: ${missing.map(({ name }) => name).join(', ')}`);
    for (const { path, method } of this.handled) {
      if (!path.includes(':')) this.fixed.set(path, [...(this.fixed.get(path) ?? []), method]);
    }
    this.paths = [...this.handled].map((endpoint) => ({ endpoint, pattern: patternOf(endpoint.path) }));
  }

  /**
   * The methods of a path that is the name of something else than it was taken for: `GET /api/jobs/search` is no job with
   * the id `search`. None when the path was understood.
   */
  methodsMistaken(url: string, endpoint: AnyEndpoint | undefined): string[] {
    if (endpoint?.params === undefined) return [];
    return this.fixed.get((url.split('?')[0] ?? '').replace(/(?<=.)\/$/, '')) ?? [];
  }

  /** The endpoint that a request looks like, by its path and preferably its method, though the router could not read it. */
  endpointLike(method: string, url: string): AnyEndpoint | undefined {
    const path = url.split('?')[0] ?? '';
    const alike = this.paths.filter(({ pattern }) => pattern.test(path)).map(({ endpoint }) => endpoint);
    return alike.find((endpoint) => endpoint.method === method) ?? alike[0];
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
