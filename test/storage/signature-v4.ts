import { createHash, createHmac } from 'node:crypto';

/** Credentials and place of a signature. */
export interface SigningScope {
  secretKey: string;
  /** `yyyymmdd`. */
  day: string;
  region: string;
}

/** AWS Signature Version 4 of a string for S3, written from its specification and not from the SDK. */
export function signV4(text: string, { secretKey, day, region }: SigningScope): string {
  const key = [day, region, 's3', 'aws4_request'].reduce<string | Buffer>(
    (above, part) => createHmac('sha256', above).update(part).digest(),
    `AWS4${secretKey}`,
  );
  return createHmac('sha256', key).update(text).digest('hex');
}

/** The signature that a presigned GET URL with only the signed header `host` must carry; its own is ignored. */
export function signatureOfUrl(presigned: string, scope: SigningScope): string {
  const url = new URL(presigned);
  const query = [...url.searchParams]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .toSorted()
    .join('&');
  const path = url.pathname.split('/').map(decodeURIComponent).map(encode).join('/');
  const request = ['GET', path, query, `host:${url.host}`, '', 'host', 'UNSIGNED-PAYLOAD'].join('\n');
  const hash = createHash('sha256').update(request).digest('hex');
  const time = url.searchParams.get('X-Amz-Date') ?? '';
  return signV4(['AWS4-HMAC-SHA256', time, `${scope.day}/${scope.region}/s3/aws4_request`, hash].join('\n'), scope);
}

/** Percent-encoding of everything that RFC 3986 does not leave alone. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}
