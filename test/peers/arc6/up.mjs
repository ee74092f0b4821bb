import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { canInstall, installPackages } from '../../../scripts/services/install.mjs';
import { freePort } from '../../../scripts/services/ports.mjs';
import { findProgram, mustRun } from '../../../scripts/services/programs.mjs';
import { startArc } from '../grid/arc.mjs';
import { makeAuthority } from '../grid/authority.mjs';

/** ARC 6 with its REST interface, as Debian 12 packages it and a certification authority. */
export async function up({ dataDir, log }) {
  const skipped = await missing(log);
  if (skipped) return { skipped };
  const folder = (name) => join(dataDir, name);
  mkdirSync(folder('authority'));
  const authority = makeAuthority(folder('authority'));
  const arc = await startArc({ folder: folder('arc'), port: await freePort(), authority });
  log(`ARC answers at ${arc.endpoint}`);
  return { env: environment(arc.endpoint, authority), stop: arc.stop };
}

async function missing(log) {
  if (process.getuid?.() !== 0) return 'ARC runs jobs as other users, which only root can';
  if (!existsSync('/usr/share/arc/arc-arex-ws-start')) {
    if (!canInstall()) return 'ARC is not installed, and only root on Debian or Ubuntu can install it';
    try {
      await installPackages(['nordugrid-arc-arex'], log);
    } catch (error) {
      return `ARC could not be installed: ${error.message}`;
    }
  }
  const version = await mustRun(findProgram('dpkg-query'), ['-W', '-f', '${Version}', 'nordugrid-arc-arex']);
  return version.startsWith('6.') ? undefined : `this machine has ARC ${version}, not ARC 6`;
}

function environment(endpoint, authority) {
  return {
    PILOTAGE_ARC_ENDPOINT: endpoint,
    PILOTAGE_ARC_CA: authority.ca.file,
    PILOTAGE_ARC_CERTIFICATE: authority.known.certificate,
    PILOTAGE_ARC_KEY: authority.known.key,
    PILOTAGE_ARC_UNKNOWN_CERTIFICATE: authority.unknown.certificate,
    PILOTAGE_ARC_UNKNOWN_KEY: authority.unknown.key,
  };
}
