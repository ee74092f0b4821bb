import { fileURLToPath } from 'node:url';
import type { PlatformConfig } from '../../../src/platform/index.js';
import { environmentOf, Program } from '../program.js';

const at = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

interface Message {
  /** Where the servers of a process listen. */
  urls?: string[];
  /** The work that stands still, and before what: a statement, a file operation, the reply. */
  id?: string;
  what?: string;
}

/** A process of the build with fault points (see preload.mjs), which is killed in the end. */
export class FaultProcess {
  private readonly program: Program;
  private readonly stills = new Map<string, string>();
  /** Where its servers listen. */
  urls: string[] = [];

  /** `script` stands beside this file. */
  constructor(script: string, args: string[], config: PlatformConfig) {
    this.program = new Program(['--import', at('preload.mjs'), at(script), ...args], environmentOf(config), {
      ipc: true,
    });
    this.program.process.on('message', ({ urls, id, what = '' }: Message) => {
      if (urls !== undefined) this.urls = urls;
      if (id !== undefined) this.stills.set(id, what);
    });
  }

  /** So many servers in one process; each has its own memory, lanes and connections. */
  static async servers(count: number, config: PlatformConfig): Promise<FaultProcess> {
    const process = new FaultProcess('servers.mjs', [String(count)], config);
    while (process.urls.length === 0) await process.news();
    return process;
  }

  /** Before what the work stands still; undefined while it does not. */
  stillBefore(id: string): string | undefined {
    return this.stills.get(id);
  }

  /** Resolves at the next message; throws when the process ended instead. */
  async news(): Promise<void> {
    const ended = this.program.ended.then((how) => {
      throw new Error(`The process ended (${how}): ${this.program.stderr}`);
    });
    await Promise.race([new Promise((resolve) => this.program.process.once('message', resolve)), ended]);
  }

  async kill9(): Promise<void> {
    this.program.process.kill('SIGKILL');
    await this.program.ended;
  }
}
