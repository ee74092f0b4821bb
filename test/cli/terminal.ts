import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, type Io, type ProgramName } from '../../src/cli/index.js';

/** What a program left behind. */
export interface Ran {
  code: number;
  out: string;
  error: string;
}

/** A person at a terminal, or a script: a folder of their own, an environment, and what was printed. */
export class Terminal {
  readonly stop = new AbortController();
  out = '';
  error = '';
  stdin = '';
  isTerminal = false;
  columns = 80;

  private constructor(
    readonly folder: string,
    readonly environment: Record<string, string>,
  ) {}

  /** A terminal signed in to a server. */
  static async open(url: string): Promise<Terminal> {
    const folder = await mkdtemp(join(tmpdir(), 'pilotage-cli-'));
    const environment = { HOME: folder, PILOTAGE_URL: url, PILOTAGE_TOKEN: 'good', PILOTAGE_RETRY_SECONDS: '0' };
    return new Terminal(folder, environment);
  }

  async file(name: string, text: string): Promise<string> {
    const path = join(this.folder, name);
    await writeFile(path, text);
    return path;
  }

  /** Runs a command line (words at blanks) and gives what came out of it. */
  async run(line: string, ...more: string[]): Promise<Ran> {
    const [program = '', ...args] = line.split(' ').filter((word) => word !== '');
    this.out = '';
    this.error = '';
    const code = await run(program as ProgramName, [...args, ...more], this.io());
    return { code, out: this.out, error: this.error };
  }

  async close(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  private io(): Io {
    return {
      out: (text) => (this.out += text),
      error: (text) => (this.error += text),
      input: () => Promise.resolve(this.stdin),
      outIsTerminal: this.isTerminal,
      errorIsTerminal: this.isTerminal,
      inputIsTerminal: false,
      columns: () => this.columns,
      folder: this.folder,
      environment: this.environment,
      signal: this.stop.signal,
    };
  }
}
