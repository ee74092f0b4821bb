import { Controller } from '@nestjs/common';
import { CurrentConfiguration } from '../configuration/index.js';
import { type ReplyOf, server } from '../contract/index.js';
import { Handles } from '../platform/index.js';
import { Caller } from './caller.js';
import type { UserPrincipal } from './principals.js';
import { SigningKeys } from './signing-keys.js';

/** What anybody may know of this installation's identities, and what a user may know of their own. */
@Controller()
export class IdentityController {
  constructor(
    private readonly keys: SigningKeys,
    private readonly configuration: CurrentConfiguration,
  ) {}

  @Handles(server.jwks)
  jwks(): ReplyOf<typeof server.jwks> {
    return this.keys.jwks();
  }

  @Handles(server.metadata)
  metadata(): ReplyOf<typeof server.metadata> {
    const { vos } = this.configuration.get().document;
    const virtual_organizations = Object.fromEntries(
      Object.entries(vos).map(([vo, { groups, support, default_group }]) => {
        const described = Object.entries(groups).map(([group, { properties }]) => [
          group,
          { properties: properties.toSorted() },
        ]);
        return [vo, { groups: Object.fromEntries(described), support, default_group }];
      }),
    );
    return { virtual_organizations };
  }

  @Handles(server.userinfo)
  userinfo(@Caller() { subject, vo, group, properties, username }: UserPrincipal): ReplyOf<typeof server.userinfo> {
    return {
      sub: subject,
      vo,
      dirac_group: group,
      policies: {},
      properties: [...properties],
      preferred_username: username,
    };
  }
}
