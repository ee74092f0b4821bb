import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { build } from 'esbuild';
import type { FakePilotServer } from './fake-server.js';

const entry = resolve('src/pilot/main.ts');

/** Bundles the pilot as the build does; gives the path of the bundle in the folder. */
export async function bundlePilot(folder: string): Promise<string> {
  const outfile = join(folder, 'pilotage-pilot.mjs');
  const require = `import { createRequire as pilotageRequire } from 'node:module';\nconst require = pilotageRequire(import.meta.url);`;
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    logLevel: 'silent',
    banner: { js: require },
  });
  return outfile;
}

/** Waits for a condition; throws with its description when it does not come true in time. */
export async function until(what: string, condition: () => boolean, forSeconds = 20): Promise<void> {
  const end = Date.now() + forSeconds * 1000;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`not within ${forSeconds} s: ${what}`);
    await delay(20);
  }
}

/** Processes whose environment or command line holds the text. */
export function processesWith(text: string): number[] {
  const read = (pid: string, file: string): string => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'latin1');
    } catch {
      return '';
    }
  };
  const living = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && !/\) [ZX] /.test(read(name, 'stat')));
  return living.filter((pid) => read(pid, 'environ').includes(text) || read(pid, 'cmdline').includes(text)).map(Number);
}

/** The real pilot bundle as a process, in a directory of its own. */
export class PilotProcess {
  readonly directory: string;
  readonly exited: Promise<number>;
  output = '';
  private readonly child: ChildProcess;
  private ended = false;

  /** `place`: the folder in which the pilot's own is made; `stdout`: a file for what it prints. */
  constructor(
    bundle: string,
    server: Pick<FakePilotServer, 'certificates' | 'url'> & { stamp: string; secret: string },
    settings: Record<string, string> = {},
    { place = tmpdir(), stdout = 'pipe' as 'pipe' | number } = {},
  ) {
    this.directory = mkdtempSync(join(place, 'pilotage-pilot-'));
    const at = (name: string): string => join(this.directory, name);
    writeFileSync(at('secret'), server.secret, { mode: 0o600 });
    writeFileSync(at('ca.pem'), server.certificates.ca);
    this.child = spawn(process.execPath, [bundle], {
      cwd: this.directory,
      stdio: ['ignore', stdout, 'pipe'],
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        PILOTAGE_SERVER: server.url,
        PILOTAGE_STAMP: server.stamp,
        PILOTAGE_SECRET_FILE: at('secret'),
        PILOTAGE_CA_FILE: at('ca.pem'),
        PILOTAGE_DIRECTORY: this.directory,
        PILOTAGE_PILOT_PROCESSORS: '1',
        PILOTAGE_PILOT_MEMORY: '2000',
        PILOTAGE_PILOT_BENCHMARK: '10',
        PILOTAGE_PILOT_IDLE_SECONDS: '1',
        PILOTAGE_PILOT_HEARTBEAT_SECONDS: '1',
        PILOTAGE_PILOT_KILL_GRACE_SECONDS: '1',
        PILOTAGE_PILOT_LOG_SECONDS: '0.2',
        ...settings,
      },
    });
    const collect = (text: Buffer): void => void (this.output += text.toString());
    this.child.stdout?.on('data', collect);
    this.child.stderr?.on('data', collect);
    this.exited = new Promise((resolved) => {
      this.child.once('exit', (code, signal) => {
        this.ended = true;
        resolved(code ?? (signal === null ? -1 : 128));
      });
    });
  }

  get secretIsThere(): boolean {
    return existsSync(join(this.directory, 'secret'));
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** Ends the pilot if it still runs, and removes what it left. */
  async remove(): Promise<void> {
    if (!this.ended) this.signal('SIGKILL');
    await this.exited;
    rmSync(this.directory, { recursive: true, force: true });
  }
}
