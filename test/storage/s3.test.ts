import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import S3rver from 's3rver';
import { S3StorageElement, StorageSettings } from '../../src/storage/index.js';
import { conforms } from './conformance.js';

// s3rver knows neither Signature V4 nor POST policies, writes objects in place, lists folder by folder, and makes its
// continuation tokens with DES, which OpenSSL 3 no longer has. What it cannot show is shown by the fixed vectors
// (s3-signatures.test.ts), by s3-listing.test.ts, and by the real gateway in test/peers/s3.
const weaknesses = {
  checksSignatures: false,
  checksForms: false,
  checksContent: false,
  listsPages: false,
  listsInOrder: false,
  atomicOverwrite: false,
};

for (const prefix of [undefined, 'some/folder']) {
  conforms(`s3 on s3rver, prefix ${prefix ?? '(none)'}`, () => open(prefix), weaknesses);
}

async function open(prefix: string | undefined) {
  const directory = await mkdtemp(join(tmpdir(), 'pilotage-s3rver-'));
  const server = new S3rver({ address: '127.0.0.1', port: 0, directory, silent: true });
  const { port } = await server.run();
  const settings = StorageSettings.parse({
    driver: 's3',
    endpoint: `http://127.0.0.1:${port}`,
    region: 'eu-test-1',
    bucket: 'sandboxes',
    access_key: 'S3RVER',
    secret_key: 'S3RVER',
    prefix,
  });
  if (settings.driver !== 's3') throw new Error('Not the settings of an S3 store');
  const se = new S3StorageElement('TestSE', settings);
  await se.ensureBucket();
  await se.ensureBucket();
  return {
    se,
    close: async () => {
      await se.close();
      await server.close();
      await rm(directory, { recursive: true });
    },
  };
}
