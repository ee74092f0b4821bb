import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from './build.mjs';
import { countLine, runJest } from './jest.mjs';
import { root } from './root.mjs';
import { exitCodeOfSignal } from './signals.mjs';

const peers = join(root, 'test', 'peers');
const known = readdirSync(peers).filter((name) => existsSync(join(peers, name, 'up.mjs')));

const usage = `npm run test:peers [-- name …]

Tests against real servers that are started for it: ${known.join(', ')}. Without a name: all of them. A peer that this
machine cannot run is skipped, and its reason said. The last line is "N passed, N failed", as jest counted.`;

const names = process.argv.slice(2);
const unknown = names.filter((name) => !name.startsWith('-') && !known.includes(name));

if (names.includes('--help')) console.log(usage);
else if (unknown.length > 0) {
  console.error(`there is no peer named ${unknown.join(', ')}; known: ${known.join(', ')}`);
  process.exitCode = 2;
} else process.exitCode = await main(names.length > 0 ? names : known);

async function main(chosen) {
  const interrupted = exitCodeOfSignal();
  try {
    await build();
  } catch (error) {
    console.error(error.message);
    return 1;
  }
  const total = { passed: 0, failed: 0 };
  for (const name of chosen) {
    if (interrupted()) return interrupted();
    const { passed, failed } = await testPeer(name, interrupted);
    total.passed += passed;
    total.failed += failed;
  }
  if (interrupted()) return interrupted();
  console.log(countLine(total));
  return total.failed > 0 ? 1 : 0;
}

/** Starts one peer, runs its tests and stops it. A peer that cannot start or stop counts as one failure. */
async function testPeer(name, interrupted) {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'pilotage-'));
  // Programs of a peer may run as users of their own.
  chmodSync(folder, 0o711);
  const say = (line) => console.log(`${name}: ${line}`);
  let counted = { passed: 0, failed: 0 };
  try {
    const { up } = await import(pathToFileURL(join(peers, name, 'up.mjs')).href);
    const dataDir = join(folder, name);
    mkdirSync(dataDir);
    const peer = await up({ dataDir, log: say });
    if (peer.skipped) say(`skipped: ${peer.skipped}`);
    else {
      try {
        if (!interrupted()) counted = await tests(name, peer.env, folder);
      } finally {
        await peer.stop();
      }
    }
  } catch (error) {
    say(`failed: ${error.message}`);
    counted.failed += 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return counted;
}

// jest.config.js leaves the peers out of an ordinary run; the first option takes that back.
async function tests(name, env, folder) {
  const args = ['--testPathIgnorePatterns=/node_modules/', `--testPathPatterns=test/peers/${name}/`];
  const { exitCode, passed, failed } = await runJest({ args, env, folder });
  return { passed, failed: failed === 0 && exitCode !== 0 ? 1 : failed };
}
