import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { alone } from './lock.mjs';
import { root } from './root.mjs';
import { run } from './services/programs.mjs';

const stamp = join(root, 'node_modules', '.pilotage-lock');

/** Installs the npm packages of the committed lock, unless they stand there already. */
export async function ensurePackages({ log = console.log } = {}) {
  if (areInstalled()) return;
  await alone('install', async () => {
    if (areInstalled()) return;
    log('installing npm packages from package-lock.json');
    // Not `npm ci`: npm leaves packages of other platforms out of the lock that it writes when a registry lacks their
    // newest build, and `npm ci` then refuses that same lock ("Missing … from lock file").
    const { code, output } = await run('npm', ['install', '--no-audit', '--no-fund'], {
      cwd: root,
      timeoutSeconds: 1_800,
    });
    if (code !== 0) throw new Error(`npm install failed (exit code ${code}):\n${output}`);
    writeFileSync(stamp, lockHash());
  });
}

function areInstalled() {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === lockHash();
}

function lockHash() {
  return createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
}
