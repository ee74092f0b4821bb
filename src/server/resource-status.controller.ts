import { Controller, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Caller, type UserPrincipal } from '../auth/index.js';
import { CurrentConfiguration, queuesOf } from '../configuration/index.js';
import { type Permission, resourceStatus } from '../contract/index.js';
import { Handles, toEpoch, toWire } from '../platform/index.js';
import { isKnownEdition } from './conditional-reply.js';

type Statuses = Record<string, Record<string, Permission>>;

const allowed: Permission = { allowed: true, warnings: null };

/** The status of resources, by the configuration: what stands there for a VO may be used. Nobody can ban anything yet. */
@Controller()
export class ResourceStatusController {
  constructor(private readonly configuration: CurrentConfiguration) {}

  @Handles(resourceStatus.storage)
  storage(
    @Caller() user: UserPrincipal,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const names = Object.keys(this.configuration.get().document.storage.elements);
    const all = { read: allowed, write: allowed, check: allowed, remove: allowed };
    return this.tell(user, statusesOf(names, all), { request, reply });
  }

  @Handles(resourceStatus.compute)
  compute(
    @Caller() user: UserPrincipal,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const names = this.queuesFor(user).map(({ ce }) => ce);
    return this.tell(user, statusesOf(names, { all: allowed }), { request, reply });
  }

  @Handles(resourceStatus.site)
  site(@Caller() user: UserPrincipal, @Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    const names = this.queuesFor(user).map(({ site }) => site);
    return this.tell(user, statusesOf(names, { all: allowed }), { request, reply });
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
    const count = Object.keys(statuses).length;
    const etag = `${count === 0 ? 'empty' : toWire(appliedAt)}-${count}-${vo}`;
    void reply.header('vary', 'Authorization');
    return isKnownEdition(request, reply, { etag, changedAt: toEpoch(appliedAt) }) ? undefined : statuses;
  }
}

function statusesOf(names: readonly string[], status: Record<string, Permission>): Statuses {
  return Object.fromEntries(names.map((name) => [name, status]));
}
