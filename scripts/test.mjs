import { chmodSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from './build.mjs';
import { check } from './check.mjs';
import { ensurePackages } from './install.mjs';
import { countLine, runJest } from './jest.mjs';
import { startServices } from './services/index.mjs';
import { exitCodeOfSignal } from './signals.mjs';

const usage = `npm test                        check (format, lint, types), build, all tests
npm run test:only -- [jest …]   build and the tests that jest's arguments name, without check

MariaDB and Redis are found or started (PILOTAGE_TEST_DATABASE_URL and PILOTAGE_TEST_REDIS_URL name existing ones).
The last line is "N passed, N failed", as jest counted.`;

const [first, ...rest] = process.argv.slice(2);
const only = first === '--only';

if (first === '--help' || rest[0] === '--help') console.log(usage);
else process.exitCode = await orSay(main(only ? rest : process.argv.slice(2)));

// No packages, or no servers: the sentence says what to do, a stack would hide it.
async function orSay(result) {
  try {
    return await result;
  } catch (error) {
    console.error(error.message);
    return 1;
  }
}

async function main(args) {
  const interrupted = exitCodeOfSignal();
  await ensurePackages();
  const failedSteps = only ? [] : await check();
  if (!interrupted() && !(await succeeds(build))) failedSteps.push('build');
  if (interrupted()) return interrupted();
  const { exitCode, ...counted } = await tests(args, interrupted);
  if (interrupted()) return interrupted();
  if (failedSteps.length > 0) console.log(`failed besides the tests: ${failedSteps.join(', ')}`);
  console.log(countLine(counted));
  return exitCode !== 0 || counted.failed > 0 || failedSteps.length > 0 ? exitCode || 1 : 0;
}

// Tests that need no build still tell something.
async function succeeds(step) {
  try {
    await step();
    return true;
  } catch (error) {
    console.log(error.message);
    return false;
  }
}

async function tests(args, interrupted) {
  // Resolved, because tests compare paths; short, because sockets live below it.
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'pilotage-'));
  // Payloads with user ids of their own must get through to what tests make for them.
  chmodSync(folder, 0o711);
  try {
    const services = await startServices({ dataDir: join(folder, 'services'), log: console.log });
    try {
      const env = {
        PILOTAGE_TEST_DATABASE_URL: services.databaseUrl,
        PILOTAGE_TEST_REDIS_URL: services.redisUrl,
      };
      return interrupted() ? { exitCode: interrupted() } : await runJest({ args, env, folder });
    } finally {
      await services.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
