import { join } from 'node:path';
import { root } from './root.mjs';
import { run } from './services/programs.mjs';

// The same commands as `npm run check`; the architecture test runs among the other tests.
const steps = [
  { name: 'format', program: 'prettier', args: ['--check', '--log-level', 'warn', '.'] },
  { name: 'lint', program: 'oxlint', args: ['--deny-warnings', 'src', 'test'] },
  { name: 'types', program: 'tsc', args: ['--noEmit', '-p', 'tsconfig.check.json'] },
];

/** Runs format, lint and types; prints what they found. Answers the names of those that failed. */
export async function check() {
  const results = await Promise.all(
    steps.map(async ({ name, program, args }) => {
      const { code, output } = await run(join(root, 'node_modules', '.bin', program), args, {
        cwd: root,
        timeoutSeconds: 600,
      });
      return { name, output, failed: code !== 0 };
    }),
  );
  for (const { name, output, failed } of results) {
    console.log(`check ${name}: ${failed ? 'FAILED' : 'ok'}`);
    if (failed) console.log(output.trimEnd());
  }
  return results.filter(({ failed }) => failed).map(({ name }) => name);
}
