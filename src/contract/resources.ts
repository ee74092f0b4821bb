import { z } from 'zod';
import { endpoint } from './endpoint.js';
import { resourceKinds, resourceStates, storageAccesses } from './resource-status.js';
import { Paging } from './search.js';
import { Time } from './values.js';

const Kind = z.enum(resourceKinds);
const Status = z.enum(resourceStates);
/** A VO; null is all VOs. */
const OfVo = z.string().nullable();

/** What is set for a resource, or that nothing is: then it is Active, and reason, author and `since` are null. */
export const ResourceEntry = z.object({
  kind: Kind,
  name: z.string(),
  /** What is done with a storage element; null for everything else. */
  access: z.enum(storageAccesses).nullable(),
  vo: OfVo,
  status: Status,
  reason: z.string().nullable(),
  author: z.string().nullable(),
  since: Time.nullable(),
  expires_at: Time.nullable(),
  /** False where a VO's own entry stands in for this one of all VOs, or this one of all VOs for it: it is stricter and was set later. */
  in_force: z.boolean(),
});
export type ResourceEntry = z.output<typeof ResourceEntry>;

/** One change of the past; `status` is null where what was set was taken back. */
export const ResourceChange = z.object({
  id: z.number(),
  kind: Kind,
  name: z.string(),
  access: z.enum(storageAccesses).nullable(),
  vo: OfVo,
  status: Status.nullable(),
  reason: z.string(),
  author: z.string(),
  at: Time,
  expires_at: Time.nullable(),
});
export type ResourceChange = z.output<typeof ResourceChange>;

/** A resource by its name: of a CE `<site>/<ce>`, of a host `<site>/<host name>`, of a pilot its stamp. */
export const NamedResource = z.strictObject({
  kind: Kind,
  name: z.string().trim().min(1).max(400),
  /** For storage elements; when it is left out, all of them. */
  access: z.array(z.enum(storageAccesses)).min(1).max(storageAccesses.length).optional(),
});
export type NamedResource = z.output<typeof NamedResource>;

const Resources = z.array(NamedResource).min(1).max(1_000);
const Reason = z.string().trim().min(1).max(1_000);
/** For which VO: the caller's own when it is left out, all VOs when it is null. */
const ForVo = z.string().min(1).max(64).nullable().optional();
/** Ten years. */
const longestSeconds = 315_360_000;

const NewStatuses = z
  .strictObject({
    resources: Resources,
    status: Status,
    reason: Reason,
    vo: ForVo,
    /** When it ends by itself; ISO 8601 with a time zone. */
    expires_at: z.iso.datetime({ offset: true }).optional(),
    /** The same as seconds from now. */
    expires_in: z.number().int().min(1).max(longestSeconds).optional(),
  })
  .refine(({ expires_at: at, expires_in: seconds }) => at === undefined || seconds === undefined, {
    path: ['expires_in'],
    message: 'give either expires_at or expires_in',
  });

const Changed = z.object({
  /** How many entries are other than before; each access of a storage element is one. */
  changed: z.number(),
});

/** Whose view: a VO, by default the caller's; another one needs ServiceAdministrator. */
const ViewOf = { vo: z.string().min(1).max(64).optional() };

/** Routes about the status of sites, CEs, storage elements, hosts and pilots. */
export const resources = {
  list: endpoint({
    name: 'resources.list',
    method: 'GET',
    path: '/api/resources',
    access: 'user',
    summary: 'The status of what a VO may use, and of hosts and pilots that have one; pages',
    query: Paging.extend({
      ...ViewOf,
      kind: Kind.optional(),
      status: Status.optional(),
      name: z.string().trim().min(1).max(400).optional(),
      /** Only what somebody has set. */
      set: z.enum(['true', 'false']).default('false'),
    }),
    reply: z.object({ resources: z.array(ResourceEntry), total: z.number() }),
  }),
  set: endpoint({
    name: 'resources.set',
    method: 'PUT',
    path: '/api/resources/status',
    access: 'set-resources',
    summary: 'Set the status of resources, all of them or none; what is so already changes nothing',
    body: NewStatuses,
    reply: Changed,
  }),
  clear: endpoint({
    name: 'resources.clear',
    method: 'POST',
    path: '/api/resources/clear',
    access: 'set-resources',
    summary: 'Take back what was set for resources; what is not set changes nothing',
    repeatable: true,
    body: z.strictObject({ resources: Resources, reason: Reason, vo: ForVo }),
    reply: Changed,
  }),
  history: endpoint({
    name: 'resources.history',
    method: 'GET',
    path: '/api/resources/history',
    access: 'user',
    summary: 'What was set and taken back, newest first; `next` is the `before` of the next page',
    query: z.object({
      ...ViewOf,
      kind: Kind.optional(),
      name: z.string().trim().min(1).max(400).optional(),
      before: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER).optional(),
      limit: z.coerce.number().int().min(1).max(1_000).default(100),
    }),
    reply: z.object({ changes: z.array(ResourceChange), next: z.number().nullable() }),
  }),
} as const;
