import { Controller, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Caller, type UserPrincipal } from '../auth/index.js';
import { CurrentConfiguration, queuesOf } from '../configuration/index.js';
import { type Permission, resourceStatus, storageAccesses } from '../contract/index.js';
import { Handles, toEpoch, toWire } from '../platform/index.js';
import { type ResourceStatus, ResourceStatuses, worstOf } from '../wms/index.js';
import { isKnownEdition } from './conditional-reply.js';

type Statuses = Record<string, Record<string, Permission>>;

/** What may be used by whom, in DiracX's words: what stands in the configuration for a VO, with the status that is set. */
@Controller()
export class ResourceStatusController {
  constructor(
    private readonly configuration: CurrentConfiguration,
    private readonly statuses: ResourceStatuses,
  ) {}

  @Handles(resourceStatus.storage)
  storage(
    @Caller() user: UserPrincipal,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const names = Object.keys(this.configuration.get().document.storage.elements);
    const statuses = names.map((name) => [
      name,
      Object.fromEntries(
        storageAccesses.map((access) => [access, permissionOf(this.statuses.of('storage', name, user.vo, access))]),
      ),
    ]);
    return this.tell(user, Object.fromEntries(statuses) as Statuses, { request, reply });
  }

  /** CEs that have one name at several sites are one here: the worst of them is told. */
  @Handles(resourceStatus.compute)
  compute(
    @Caller() user: UserPrincipal,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const set = new Map<string, (ResourceStatus | null)[]>();
    for (const { site, ce } of this.queuesFor(user)) {
      set.set(ce, [...(set.get(ce) ?? []), this.statuses.of('ce', `${site}/${ce}`, user.vo)]);
    }
    const statuses = [...set].map(([ce, of]) => [ce, { all: permissionOf(worstOf(of).because) }]);
    return this.tell(user, Object.fromEntries(statuses) as Statuses, { request, reply });
  }

  @Handles(resourceStatus.site)
  site(@Caller() user: UserPrincipal, @Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    const names = this.queuesFor(user).map(({ site }) => site);
    const statuses = names.map((name) => [name, { all: permissionOf(this.statuses.of('site', name, user.vo)) }]);
    return this.tell(user, Object.fromEntries(statuses) as Statuses, { request, reply });
  }

  @Handles(resourceStatus.fts)
  fts(@Caller() user: UserPrincipal, @Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.tell(user, {}, { request, reply });
  }

  private queuesFor({ vo }: UserPrincipal) {
    return queuesOf(this.configuration.get().document).filter(({ vos }) => vos.includes(vo));
  }

  private tell(
    { vo }: UserPrincipal,
    statuses: Statuses,
    { request, reply }: { request: FastifyRequest; reply: FastifyReply },
  ): Statuses | undefined {
    const { appliedAt } = this.configuration.get();
    const setAt = this.statuses.changedAt();
    const changedAt = setAt > appliedAt ? setAt : appliedAt;
    const count = Object.keys(statuses).length;
    const etag = `${count === 0 ? 'empty' : toWire(changedAt)}-${count}-${vo}`;
    void reply.header('vary', 'Authorization');
    return isKnownEdition(request, reply, { etag, changedAt: toEpoch(changedAt) }) ? undefined : statuses;
  }
}

/** Active and Degraded may be used, the latter with a warning; Probing and Banned may not, and why. */
function permissionOf(set: ResourceStatus | null): Permission {
  switch (set?.status) {
    case undefined:
    case 'Active':
      return { allowed: true, warnings: null };
    case 'Degraded':
      return { allowed: true, warnings: set.reason };
    case 'Probing':
    case 'Banned':
      return { allowed: false, reason: set.reason };
  }
}
