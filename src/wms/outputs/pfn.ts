import { Refusal, type SandboxInfo } from '../../contract/index.js';

/** The element name that DiracX clients see in physical file names of sandboxes. */
export const sandboxElement = 'SandboxSE';
/** The bucket name of the same; where bytes really stand is the storage element's business. */
const bucket = 'sandboxes';

/** Whose sandbox it is: the parts of its name. */
export interface SandboxOwner {
  vo: string;
  group: string;
  /** User name. */
  owner: string;
  /** Issuer and subject of the owner: what really decides. */
  subject: string;
}

const form = new RegExp(
  `^(?:SB:[A-Za-z]+\\|)?/S3/${bucket}/([^/|]+)/([^/|]+)/([^/|]+)/(sha256:[0-9a-f]{64}\\.(?:tar\\.gz|tar\\.bz2|tar\\.zst))$`,
);

/** The short physical file name: `/S3/<bucket>/<vo>/<group>/<user>/sha256:<hex>.<format>`. */
export function pfnOf(owner: SandboxOwner, info: SandboxInfo): string {
  return `/S3/${bucket}/${owner.vo}/${owner.group}/${owner.owner}/sha256:${info.checksum}.${info.format}`;
}

/** With the element in front, as clients put it into descriptions. */
export function fullPfn(pfn: string): string {
  return `SB:${sandboxElement}|${pfn}`;
}

/** The short form of either form; refuses what is neither. */
export function shortPfn(text: string): string {
  const match = form.exec(text);
  if (match === null) {
    const message = `not a sandbox name (SB:${sandboxElement}|/S3/${bucket}/<vo>/<group>/<user>/sha256:<hex>.<format>)`;
    const body = [{ type: 'string_pattern_mismatch', loc: ['query', 'pfn'], msg: message, input: text }];
    throw new Refusal('invalid-request', `pfn: ${message}`, { body });
  }
  return text.slice(text.indexOf('/S3/'));
}

/** The prefix below which a user's own sandboxes stand. */
export function ownPrefix(owner: Omit<SandboxOwner, 'subject'>): string {
  return `/S3/${bucket}/${owner.vo}/${owner.group}/${owner.owner}/`;
}

/** The key of a sandbox in its storage element. */
export function keyOf(pfn: string): string {
  return pfn.replace(/^\/S3\//, '');
}
