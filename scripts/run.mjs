import { build } from './build.mjs';
import { runChild } from './child.mjs';
import { serverFlags } from './server-flags.mjs';

const [program, ...args] = process.argv.slice(2);

if (program === undefined) {
  console.error('usage: node scripts/run.mjs <program of dist> [arguments …]');
  process.exitCode = 2;
} else {
  try {
    // Standard output belongs to the program.
    await build({ log: console.error });
    process.exitCode = await runChild(process.execPath, [
      '--enable-source-maps',
      ...(program === 'dist/main.js' ? serverFlags : []),
      program,
      ...args,
    ]);
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
