import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runChild } from './child.mjs';
import { kill, processesWith } from './leftovers.mjs';
import { root } from './root.mjs';

const mark = 'PILOTAGE_TEST_RUN';

/**
 * Runs jest and answers what it counted itself: tests that passed and that failed (a suite that could not run counts
 * as one), and its exit code. Temporary files of the tests go to `folder`; processes that they left behind are ended.
 */
export async function runJest({ args, env, folder }) {
  const result = join(folder, `jest-${randomUUID()}.json`);
  const run = randomUUID();
  const exitCode = await runChild(
    process.execPath,
    [
      '--experimental-vm-modules',
      '--no-warnings',
      join(root, 'node_modules', 'jest', 'bin', 'jest.js'),
      ...(args.some((arg) => /^(--maxWorkers|-w|--runInBand|-i$)/.test(arg)) ? [] : ['--maxWorkers=2']),
      '--json',
      `--outputFile=${result}`,
      ...args,
    ],
    { env: { ...process.env, ...env, TMPDIR: folder, [mark]: run } },
  );
  for (const { pid, command } of processesWith(mark, run)) {
    console.error(`left behind by the tests, ended now: ${pid} ${command.slice(0, 200)}`);
    kill(pid);
  }
  return { exitCode, ...count(result) };
}

function count(file) {
  let result;
  try {
    result = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    console.error(`jest left no result: ${error.message}`);
    return { passed: 0, failed: 1 };
  }
  return { passed: result.numPassedTests, failed: result.numFailedTests + result.numRuntimeErrorTestSuites };
}

/** The line that ends a run: alone, and nothing after it. */
export function countLine({ passed, failed }) {
  return `${passed} passed, ${failed} failed`;
}
