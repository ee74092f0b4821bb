import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from './build.mjs';
import { exitCodeOfSignal } from './signals.mjs';

const usage = `npm run demo [-- --keep]

Runs the main job of Pilotage on this machine: private MariaDB and Redis, a server (HTTPS, private CA) and agents as
processes of their own, the site Demo.Local with the local computing element. Submits the jobs of examples/jobs, shows
how they go, fetches an output and a pilot's log, and stops everything that it started.

  --keep   leave it running at the end, print its URL and how to use it; Ctrl-C stops it
  --help   this text

MariaDB and Redis: PILOTAGE_TEST_DATABASE_URL and PILOTAGE_TEST_REDIS_URL if given, else from PATH, Docker, or apt (as root).
Exit code 0 if every job ended as expected.`;

const unknown = process.argv.slice(2).filter((option) => !['--keep', '--help'].includes(option));
if (process.argv.includes('--help')) console.log(usage);
else if (unknown.length > 0) {
  console.error(`demo: unknown option ${unknown[0]}; see npm run demo -- --help`);
  process.exitCode = 2;
} else process.exitCode = await main();

async function main() {
  const signalled = exitCodeOfSignal();
  const keep = process.argv.includes('--keep');
  const folder = mkdtempSync(join(tmpdir(), 'pilotage-demo-'));
  let demo = null;
  let installation = null;
  let code = 1;
  try {
    await build();
    if (signalled() === 0) {
      demo = await import('./demo/run-demo.mjs');
      installation = await demo.startDemo({ folder });
      code = await demo.runDemo(installation, signalled);
    }
  } catch (error) {
    console.error(`demo: ${error.message}`);
  }
  try {
    if (keep && installation !== null) await demo.keepDemo(installation, signalled);
  } finally {
    await installation?.stop();
    if (code === 0 || signalled() !== 0) rmSync(folder, { recursive: true, force: true });
    else console.error(`demo: the logs of its programs are in ${folder}`);
  }
  return signalled() || code;
}
