import { toUSVString } from 'node:util';

/** The header that makes a browser save a download under `filename` (RFC 6266; other than ASCII as RFC 8187). */
export function attachment(filename: string | undefined): string {
  if (filename === undefined) return 'attachment';
  const ascii = filename.replace(/[^\x20-\x7e]|["\\/%]/g, '_');
  if (ascii === filename) return `attachment; filename="${ascii}"`;
  const encoded = encodeURIComponent(toUSVString(filename)).replace(/['()*]/g, percent);
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}
