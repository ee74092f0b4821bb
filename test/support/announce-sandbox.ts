import { createHash } from 'node:crypto';
import type { Stages } from './stages.js';

/** Announces a sandbox of jdoe with this content, without uploading it; its full name. */
export async function announceSandbox({ sandboxes }: Stages, content: string): Promise<string> {
  const owner = { vo: 'lhcb', group: 'lhcb_user', owner: 'jdoe', subject: 'lhcb:jdoe' };
  const checksum = createHash('sha256').update(content).digest('hex');
  const info = { checksum_algorithm: 'sha256', checksum, size: content.length, format: 'tar.gz' } as const;
  return (await sandboxes.initiate(owner, info)).pfn;
}
