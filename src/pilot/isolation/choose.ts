import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import type { PilotConfig } from '../config.js';
import { Bubblewrap } from './bubblewrap.js';
import type { Isolation } from './isolation.js';
import { NoIsolation } from './none.js';
import { SeparateUid } from './separate-uid.js';

/**
 * The best isolation that works here: separate user ids where a pilot of root was given some, because inside of
 * bubblewrap its payloads would still own all files of root; then bubblewrap, then none. A kind that the configuration
 * demands and that does not work is an error: a site that asks for isolation must not silently run without. `tell` hears why a better kind is not used.
 */
export function chooseIsolation(config: PilotConfig, tell: (why: string) => void): Isolation {
  if ((config.isolation === 'uid' || config.isolation === undefined) && config.payloadUids !== undefined && isRoot()) {
    const separate = new SeparateUid(config.payloadUids, config.directory);
    if (mayEnter(config.payloadUids.first, config.directory)) return separate;
    const trouble = `user ${config.payloadUids.first} may not enter ${config.directory}`;
    if (config.isolation === 'uid') throw new Error(`isolation by uid is demanded and does not work: ${trouble}`);
    tell(`isolation by uid does not work here: ${trouble}`);
  }
  if (config.isolation === 'uid') throw new Error('isolation by uid needs root and PILOTAGE_PILOT_PAYLOAD_UID');
  const bubblewrap = new Bubblewrap(config.directory, os.homedir(), config.environment['PATH'] ?? '/usr/bin:/bin');
  if (config.isolation === 'bubblewrap' || config.isolation === undefined) {
    const trouble = trial(bubblewrap, config.directory);
    if (trouble === undefined) {
      if (isRoot())
        tell('payloads have the user id of root: give PILOTAGE_PILOT_PAYLOAD_UID, or start pilots as another user');
      return bubblewrap;
    }
    if (config.isolation === 'bubblewrap') throw new Error(`bubblewrap is demanded and does not work: ${trouble}`);
    tell(`bubblewrap does not work here: ${trouble}`);
  }
  return new NoIsolation();
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** Whether a user can get into a folder: every folder above it counts. */
export function mayEnter(uid: number, directory: string): boolean {
  const { status } = spawnSync('/bin/sh', ['-c', 'cd -- "$1"', 'sh', directory], { uid, gid: uid, cwd: '/', env: {} });
  return status === 0;
}

/** Runs a real launcher with the real arguments; undefined when it works, else why not. */
function trial(isolation: Isolation, directory: string): string | undefined {
  const place = { job: join(directory, 'trial'), temporary: join(directory, 'trial-tmp') };
  const noOptions = openSync('/dev/null', 'r');
  try {
    for (const path of Object.values(place)) mkdirSync(path);
    const { program, args, outside } = isolation.enclose(place, [
      '/bin/sh',
      '-c',
      'echo works > file && test -d /proc/1',
    ]);
    const { status, error, stderr } = spawnSync(program, args, {
      timeout: 20_000,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe', 'ignore', noOptions],
      ...(outside === undefined ? {} : { env: outside }),
    });
    return status === 0 ? undefined : (error?.message ?? stderr.trim());
  } finally {
    closeSync(noOptions);
    for (const path of Object.values(place)) rmSync(path, { recursive: true, force: true });
  }
}
