import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensurePackages } from './install.mjs';
import { alone } from './lock.mjs';
import { root } from './root.mjs';
import { run } from './services/programs.mjs';

const usage = `npm run build [-- --help]

Builds dist/ from src/: installs the npm packages if they are missing, compiles with nest build, and bundles the pilot
into one file, dist/pilot/pilotage-pilot.mjs. Does nothing if dist/ is up to date.`;

const stamp = join(root, 'dist', '.pilotage-source');
const pilotEntry = join(root, 'src', 'pilot', 'main.ts');
const pilotBundle = join(root, 'dist', 'pilot', 'pilotage-pilot.mjs');
const pilotWrapper = join(root, 'src', 'pilot', 'wrapper.sh');

/** Builds dist/ unless it was built from these very sources. Says one line per step. */
export async function build({ log = console.log } = {}) {
  await ensurePackages({ log });
  await alone('build', async () => {
    const sources = sourcesHash();
    if (existsSync(stamp) && readFileSync(stamp, 'utf8') === sources) return;
    log('compiling src to dist');
    await compile();
    log('bundling the pilot');
    await bundlePilot();
    writeFileSync(stamp, sources);
  });
}

async function compile() {
  const { code, output } = await run(join(root, 'node_modules', '.bin', 'nest'), ['build'], {
    cwd: root,
    timeoutSeconds: 600,
  });
  if (code !== 0) throw new Error(`nest build failed:\n${output}`);
}

async function bundlePilot() {
  if (!existsSync(pilotEntry)) throw new Error('src/pilot/main.ts is missing: there is no pilot to bundle');
  const { build: bundle } = await import('esbuild');
  mkdirSync(join(root, 'dist', 'pilot'), { recursive: true });
  await bundle({
    entryPoints: [pilotEntry],
    outfile: pilotBundle,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    absWorkingDir: root,
    logLevel: 'silent',
    // CommonJS packages inside an ES module bundle call require for Node's own modules.
    banner: {
      js: "import { createRequire as pilotageRequire } from 'node:module';\nconst require = pilotageRequire(import.meta.url);",
    },
  });
  if (existsSync(pilotWrapper)) copyFileSync(pilotWrapper, join(root, 'dist', 'pilot', 'wrapper.sh'));
}

/** A hash of everything that dist/ depends on. */
function sourcesHash() {
  const sources = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
  const settings = ['tsconfig.json', 'nest-cli.json', 'package-lock.json', 'scripts/build.mjs'].map((file) =>
    join(root, file),
  );
  const hash = createHash('sha256');
  for (const file of [...sources, ...settings])
    hash
      .update(`${relative(root, file)}\0`)
      .update(readFileSync(file))
      .update('\0');
  return hash.digest('hex');
}

if (realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--help')) console.log(usage);
  else {
    try {
      await build();
    } catch (error) {
      console.error(error.message);
      process.exitCode = 1;
    }
  }
}
