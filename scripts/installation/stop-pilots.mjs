import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Stops whatever the local CE below `folder` still runs, through its own driver; gives up after 40 s. */
export async function stopPilots(folder) {
  const runs = join(folder, 'ce', 'runs');
  if (!existsSync(runs)) return;
  const { driverNamed } = await import('../../dist/ce/index.js');
  const element = await driverNamed('local').open(
    { folder: join(folder, 'ce'), stop_grace: 8 },
    { name: 'local', dataDir: folder },
  );
  try {
    await element.stop(readdirSync(runs), { signal: AbortSignal.timeout(40_000) });
  } finally {
    await element.close();
  }
}
