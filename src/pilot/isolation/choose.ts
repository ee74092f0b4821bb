import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import type { PilotConfig } from '../config.js';
import { Bubblewrap } from './bubblewrap.js';
import type { Isolation } from './isolation.js';
import { NoIsolation } from './none.js';
import { SeparateUid } from './separate-uid.js';

/**
 * The best isolation that works here: bubblewrap, then separate user ids, then none. A kind that the configuration
 * demands and that does not work is an error: a site that asks for isolation must not silently run without. `tell` hears why a better kind is not used.
 */
export function chooseIsolation(config: PilotConfig, tell: (why: string) => void): Isolation {
  const bubblewrap = new Bubblewrap(config.directory, os.homedir());
  if (config.isolation === 'bubblewrap' || config.isolation === undefined) {
    const trouble = trial(bubblewrap, config.directory);
    if (trouble === undefined) return bubblewrap;
    if (config.isolation === 'bubblewrap') throw new Error(`bubblewrap is demanded and does not work: ${trouble}`);
    tell(`bubblewrap does not work here: ${trouble}`);
  }
  if (config.isolation !== 'none' && config.payloadUids !== undefined && process.getuid?.() === 0) {
    return new SeparateUid(config.payloadUids, config.directory);
  }
  if (config.isolation === 'uid') throw new Error('isolation by uid needs root and PILOTAGE_PILOT_PAYLOAD_UID');
  return new NoIsolation();
}

/** Runs a real launcher with the real arguments; undefined when it works, else why not. */
function trial(isolation: Isolation, directory: string): string | undefined {
  const place = { job: join(directory, 'trial'), temporary: join(directory, 'trial-tmp') };
  try {
    for (const path of Object.values(place)) mkdirSync(path);
    const { program, args } = isolation.enclose(place, ['/bin/sh', '-c', 'echo works > file && test -d /proc/1']);
    const { status, error, stderr } = spawnSync(program, args, { timeout: 20_000, encoding: 'utf8' });
    return status === 0 ? undefined : (error?.message ?? stderr.trim());
  } finally {
    for (const path of Object.values(place)) rmSync(path, { recursive: true, force: true });
  }
}
