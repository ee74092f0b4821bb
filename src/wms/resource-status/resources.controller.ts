import { Controller } from '@nestjs/common';
import { Caller, type UserPrincipal } from '../../auth/index.js';
import { type BodyOf, type QueryOf, type ReplyOf, resources as routes } from '../../contract/index.js';
import { Handles, Input } from '../../platform/index.js';
import { ResourceChanges } from './resource-changes.js';
import { ResourceView } from './resource-view.js';

/** The status of sites, CEs, storage elements, hosts and pilots, to see and to set. */
@Controller()
export class ResourcesController {
  constructor(
    private readonly view: ResourceView,
    private readonly changes: ResourceChanges,
  ) {}

  @Handles(routes.list)
  list(
    @Caller() user: UserPrincipal,
    @Input(routes.list) { query }: { query: QueryOf<typeof routes.list> },
  ): ReplyOf<typeof routes.list> {
    return this.view.list(user, query);
  }

  @Handles(routes.history)
  history(
    @Caller() user: UserPrincipal,
    @Input(routes.history) { query }: { query: QueryOf<typeof routes.history> },
  ): Promise<ReplyOf<typeof routes.history>> {
    return this.view.history(user, query);
  }

  @Handles(routes.set)
  async set(
    @Caller() user: UserPrincipal,
    @Input(routes.set) { body }: { body: BodyOf<typeof routes.set> },
  ): Promise<ReplyOf<typeof routes.set>> {
    return { changed: await this.changes.set(user, body) };
  }

  @Handles(routes.clear)
  async clear(
    @Caller() user: UserPrincipal,
    @Input(routes.clear) { body }: { body: BodyOf<typeof routes.clear> },
  ): Promise<ReplyOf<typeof routes.clear>> {
    return { changed: await this.changes.clear(user, body) };
  }
}
