import type { FastifyReply, FastifyRequest } from 'fastify';

/** Which state of something a reply shows. */
export interface Edition {
  etag: string;
  /** Milliseconds since 1970. */
  changedAt: number;
}

/**
 * Labels a reply with its edition; answers whether the caller has that one already, and then makes the reply an empty 304.
 * DiracX's rules: the ETag stands without quotes, and only a date after the change, to the second, proves that nothing has
 * changed since. Quoted and weak ETags are understood too, because proxies write them.
 */
export function isKnownEdition(request: FastifyRequest, reply: FastifyReply, { etag, changedAt }: Edition): boolean {
  void reply.header('etag', etag).header('last-modified', new Date(changedAt).toUTCString());
  const known = isKnown(request.headers, { etag, changedAt });
  if (known) void reply.status(304);
  return known;
}

function isKnown(headers: FastifyRequest['headers'], { etag, changedAt }: Edition): boolean {
  const tags = headers['if-none-match'];
  if (tags !== undefined) return tags.split(',').some((tag) => ['*', etag].includes(bare(tag)));
  const since = Date.parse(headers['if-modified-since'] ?? '');
  return since / 1_000 > Math.floor(changedAt / 1_000);
}

function bare(tag: string): string {
  return tag.trim().replace(/^(?:W\/)?"(.*)"$/, '$1');
}
