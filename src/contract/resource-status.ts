import { z } from 'zod';
import { endpoint } from './endpoint.js';

/** What can have a status. A CE is named `<site>/<ce>`, a host `<site>/<host name>`, a pilot by its stamp. */
export const resourceKinds = ['site', 'ce', 'storage', 'host', 'pilot'] as const;
export type ResourceKind = (typeof resourceKinds)[number];

/** What is done with a storage element; each has a status of its own. */
export const storageAccesses = ['read', 'write', 'check', 'remove'] as const;
export type StorageAccess = (typeof storageAccesses)[number];

/**
 * `Active`: as usual. `Degraded`: used as usual, with a warning. `Probing`: only tests, to see whether it works again.
 * `Banned`: nothing new.
 */
export const resourceStates = ['Active', 'Degraded', 'Probing', 'Banned'] as const;
export type ResourceState = (typeof resourceStates)[number];

/** Whether something may be used; with what to know (allowed, but degraded) or the reason (not allowed). */
export const Permission = z.union([
  z.object({ allowed: z.literal(true), warnings: z.string().nullable() }),
  z.object({ allowed: z.literal(false), reason: z.string() }),
]);
export type Permission = z.output<typeof Permission>;

const ForEverything = z.record(z.string(), z.object({ all: Permission }));
const ForStorage = z.record(
  z.string(),
  z.object({ read: Permission, write: Permission, check: Permission, remove: Permission }),
);

const common = { method: 'GET', access: 'user', dialect: 'diracx' } as const;

/** DiracX's status of resources, each by name, as the VO of the caller sees them; with ETag and Last-Modified. */
export const resourceStatus = {
  storage: endpoint({
    ...common,
    name: 'rss.storage',
    path: '/api/rss/storage',
    summary: 'Which storage elements may be read, written, checked and cleaned',
    reply: ForStorage,
  }),
  compute: endpoint({
    ...common,
    name: 'rss.compute',
    path: '/api/rss/compute',
    summary: 'Which computing elements may be used',
    reply: ForEverything,
  }),
  site: endpoint({
    ...common,
    name: 'rss.site',
    path: '/api/rss/site',
    summary: 'Which sites may be used',
    reply: ForEverything,
  }),
  fts: endpoint({
    ...common,
    name: 'rss.fts',
    path: '/api/rss/fts',
    summary: 'Which file transfer services may be used; there are none yet',
    reply: ForEverything,
  }),
} as const;
