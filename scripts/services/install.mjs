import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { findProgram, mustRun } from './programs.mjs';

const startPolicy = '/usr/sbin/policy-rc.d';

/** Whether packages can be installed here: Debian or Ubuntu, and we are root. */
export function canInstall() {
  return process.getuid?.() === 0 && findProgram('apt-get') !== undefined && findProgram('dpkg') !== undefined;
}

/** Installs Debian packages, saying so in one line first. Starts none of their services. */
export async function installPackages(packages, log) {
  log(`installing ${packages.join(' ')} with apt-get`);
  const apt = findProgram('apt-get');
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin`, DEBIAN_FRONTEND: 'noninteractive' };
  const options = { timeoutSeconds: 900, env };
  await mustRun(apt, ['update', '-qq'], options);
  await withoutStartingServices(() =>
    mustRun(apt, ['-o', 'DPkg::Lock::Timeout=300', 'install', '-y', '--no-install-recommends', ...packages], options),
  );
}

// Debian's packages start a system-wide server unless this file answers 101; ours are private and ended by us.
async function withoutStartingServices(work) {
  if (existsSync(startPolicy)) return work();
  writeFileSync(startPolicy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    return await work();
  } finally {
    rmSync(startPolicy, { force: true });
  }
}
