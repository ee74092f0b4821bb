import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStorageElement } from '../../src/storage/index.js';
import { conforms } from './conformance.js';
import { serveDoor } from './file-door-server.js';

conforms('file', async () => {
  const root = await mkdtemp(join(tmpdir(), 'pilotage-se-'));
  const signingKey = Buffer.alloc(32, 7);
  const { se, close } = await serveDoor((publicUrl) =>
    openStorageElement('TestSE', { driver: 'file', root }, { signingKey, publicUrl }),
  );
  return { se, close: () => close().then(() => rm(root, { recursive: true })) };
});
