import { createHash } from 'node:crypto';
import { Controller, Inject, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CurrentConfiguration } from '../configuration/index.js';
import { Refusal, type ReplyOf, server } from '../contract/index.js';
import { Handles, PLATFORM_CONFIG, type PlatformConfig, toEpoch } from '../platform/index.js';
import { isKnownEdition } from './conditional-reply.js';
import { diracxConfiguration } from './diracx-configuration.js';

/** Seconds that the security contacts may be relied on; every reply says so anew. */
const contactSeconds = 30 * 86_400;

/** What anybody, or any user, may read of the configuration. */
@Controller()
export class ConfigurationController {
  private shown: { version: number; document: Record<string, unknown>; etag: string } | null = null;

  constructor(
    private readonly configuration: CurrentConfiguration,
    @Inject(PLATFORM_CONFIG) private readonly settings: PlatformConfig,
  ) {}

  @Handles(server.configuration)
  read(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): ReplyOf<typeof server.configuration> | undefined {
    const { appliedAt } = this.configuration.get();
    const { document, etag } = this.inDiracxShape();
    return isKnownEdition(request, reply, { etag, changedAt: toEpoch(appliedAt) }) ? undefined : document;
  }

  /** DiracX sends this as a JSON string, which no reader of such files expects. */
  @Handles(server.securityText)
  security(@Res({ passthrough: true }) reply: FastifyReply): string {
    const { contacts } = this.configuration.get().document.security;
    if (contacts.length === 0) throw new Refusal('not-found', 'No security contact is configured');
    const expires = new Date(Date.now() + contactSeconds * 1_000).toISOString();
    const canonical = new URL(server.securityText.path, this.settings.publicUrl).href;
    const lines = [
      ...contacts.map((contact) => `Contact: ${contact}`),
      `Expires: ${expires}`,
      `Canonical: ${canonical}`,
    ];
    void reply.type('text/plain; charset=utf-8');
    return `${lines.join('\n')}\n`;
  }

  /** The ETag is a hash of the text, so that servers of different versions never share one by mistake. */
  private inDiracxShape(): { document: Record<string, unknown>; etag: string } {
    const { version, document: current } = this.configuration.get();
    if (this.shown?.version !== version) {
      const document = diracxConfiguration(current);
      const etag = createHash('sha1')
        .update(`${version}${JSON.stringify(document)}`)
        .digest('hex');
      this.shown = { version, document, etag };
    }
    return this.shown;
  }
}
