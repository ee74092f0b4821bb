import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { build } from 'esbuild';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { jobs } from '../../src/contract/index.js';
import { FakeServer } from './fake-server.js';

const project = fileURLToPath(new URL('../../', import.meta.url));
let folder: string;
let fake: FakeServer;

// The programs as processes: one bundle, where the build would put it, and a launcher.
beforeAll(async () => {
  fake = await FakeServer.start();
  folder = await mkdtemp(join(tmpdir(), 'pilotage-process-'));
  await copyFile(join(project, 'package.json'), join(folder, 'package.json'));
  const require = "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);";
  await build({
    entryPoints: [join(project, 'src/cli/main.ts')],
    outfile: join(folder, 'dist', 'cli', 'main.js'),
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    banner: { js: require },
    logLevel: 'silent',
  });
  await writeFile(
    join(folder, 'run.mjs'),
    "import { main } from './dist/cli/main.js';\nawait main(process.argv[2], process.argv.slice(3));\n",
  );
});
afterAll(async () => {
  await fake.stop();
  await rm(folder, { recursive: true, force: true });
});

function start(...args: string[]): ChildProcess {
  const env = { PATH: process.env['PATH'], HOME: folder, PILOTAGE_URL: fake.url, PILOTAGE_TOKEN: 'good' };
  return spawn(process.execPath, [join(folder, 'run.mjs'), ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
}

async function ended(child: ChildProcess): Promise<{ code: number | null; error: string }> {
  const error = child.stderr === null ? '' : text(child.stderr);
  const [code] = (await once(child, 'exit')) as [number | null];
  return { code, error: await error };
}

describe('A program as a process', () => {
  it('ends at once on Ctrl-C, with one line', async () => {
    const asked = new Promise<void>((resolve) =>
      fake.on(jobs.list, () => {
        resolve();
        return new Promise(() => undefined);
      }),
    );
    const child = start('dstat', '-u', 'alice');
    const end = ended(child);
    await asked;
    child.kill('SIGINT');
    expect(await end).toEqual({ code: 130, error: 'dstat: interrupted\n' });
  });

  it('ends quietly when nobody reads its output any more', async () => {
    const rows = Array.from({ length: 1000 }, (_, index) => ({ JobID: index + 1, JobName: 'x'.repeat(500) }));
    fake.on(jobs.list, () => ({ body: { jobs: rows, next: null, total: rows.length } }));
    const child = start('dstat', '-u', 'alice', '--json', '-F', 'JobID,JobName');
    const end = ended(child);
    child.stdout?.once('data', () => child.stdout?.destroy());
    expect(await end).toEqual({ code: 0, error: '' });
  });

  it('gives its exit code to the shell', async () => {
    fake.refuse(jobs.list, 'forbidden');
    const child = start('dstat', '-u', 'alice');
    expect(await ended(child)).toMatchObject({ code: 3, error: expect.stringMatching(/^dstat: .* — .*\n$/) });
  });
});
