import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openStorageElement, type StorageElement, StorageSettings } from '../../src/storage/index.js';
import { all } from './support.js';

/** An S3 server that knows ListObjectsV2 and counts its calls. Its pages have at most 1,000 rows. */
class ListingServer {
  readonly asked: URLSearchParams[] = [];
  private readonly server = createServer((request, response) => {
    const query = new URL(request.url ?? '/', 'http://s3').searchParams;
    this.asked.push(query);
    response.setHeader('content-type', 'application/xml').end(this.page(query));
  });

  constructor(private readonly keys: string[]) {}

  async open(): Promise<string> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private page(query: URLSearchParams): string {
    const matching = this.keys.filter((key) => key.startsWith(query.get('prefix') ?? ''));
    const start = Number((query.get('continuation-token') ?? 'token/+=0').slice('token/+='.length));
    const end = start + Math.min(1000, Number(query.get('max-keys') ?? 1000));
    const rows = matching.slice(start, end).map(
      (key) => `<Contents><Key>${key}</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified>
        <ETag>"x"</ETag><Size>7</Size><StorageClass>STANDARD</StorageClass></Contents>`,
    );
    const more = end < matching.length;
    const token = more ? `<NextContinuationToken>token/+=${end}</NextContinuationToken>` : '';
    return `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
      <Name>b</Name><KeyCount>${rows.length}</KeyCount><IsTruncated>${more}</IsTruncated>${token}${rows.join('')}
      </ListBucketResult>`;
  }
}

describe('listing a bucket', () => {
  const keys = Array.from({ length: 2_500 }, (_, n) => `folder/many/${String(n).padStart(4, '0')}`);
  const server = new ListingServer([...keys, 'folder/other', 'strange']);
  let se: StorageElement;

  beforeAll(async () => {
    const settings = {
      driver: 's3',
      region: 'r',
      bucket: 'bucket',
      prefix: 'folder',
      access_key: 'a',
      secret_key: 's',
    };
    const parsed = StorageSettings.parse({ ...settings, endpoint: await server.open() });
    se = openStorageElement('S3', parsed, { signingKey: Buffer.alloc(32), publicUrl: 'https://unused' });
  });
  afterAll(async () => {
    await se.close();
    server.close();
  });

  it('follows continuation tokens to the end and takes the folder off the keys', async () => {
    server.asked.length = 0;
    const rows = await all(se.list('many/', 10_000));
    expect(rows.map((row) => row.key)).toEqual(keys.map((key) => key.slice('folder/'.length)));
    expect(rows[0]).toEqual({ key: 'many/0000', size: 7, modifiedAt: new Date('2026-01-02T03:04:05Z') });
    expect(server.asked.map((query) => query.get('continuation-token'))).toEqual([
      null,
      'token/+=1000',
      'token/+=2000',
    ]);
  });

  it('asks for no more pages than it needs', async () => {
    server.asked.length = 0;
    expect(await all(se.list('many/', 1_200))).toHaveLength(1_200);
    expect(server.asked).toHaveLength(2);
    server.asked.length = 0;
    for await (const row of se.list('', 10_000)) if (row.key.endsWith('0005')) break;
    expect(server.asked).toHaveLength(1);
  });

  it('asks for no more rows than it needs', async () => {
    server.asked.length = 0;
    expect(await all(se.list('many/', 3))).toHaveLength(3);
    expect(server.asked.map((query) => query.get('max-keys'))).toEqual(['3']);
  });
});
