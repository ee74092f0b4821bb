import { createHash } from 'node:crypto';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A file that pilots are started from. */
export interface PilotFile {
  name: string;
  path: string;
  /** Hexadecimal, of the whole file. */
  sha256: string;
}

const bundleName = 'pilotage-pilot.mjs';

/** What a process can hand to a CE: the pilot's bundle, its wrapper, and a runtime for nodes that have none. */
export class PilotFiles {
  private readonly hashes = new Map<string, PilotFile>();

  constructor(
    /** Where the build puts the pilot; found beside this program unless given. */
    private readonly folder: string = pilotFolder(),
    /** Where npm packages lie that carry a Node runtime. */
    private readonly packages: string = fileURLToPath(new URL('../../node_modules/', import.meta.url)),
  ) {}

  /** The bundle. Throws when the program was not built. */
  get bundle(): PilotFile {
    const path = `${this.folder}${bundleName}`;
    if (!existsSync(path)) throw new Error(`The pilot bundle ${path} is missing; run npm run build`);
    return this.hashed(bundleName, path);
  }

  /** Text of the shell wrapper, with its variables still open. */
  get wrapper(): string {
    return readFileSync(`${this.folder}wrapper.sh`, 'utf8');
  }

  /** The Node runtime for an architecture (`x64`, `arm64`), or null when its package is not installed. */
  runtime(architecture: string = process.arch): PilotFile | null {
    const name = `node-linux-${architecture}`;
    const path = `${this.packages}${name}/bin/node`;
    return existsSync(path) ? this.hashed(name, realpathSync(path)) : null;
  }

  /** The file with that name and content, or null. */
  find(sha256: string, name: string): PilotFile | null {
    const known = [this.bundle, this.runtime('x64'), this.runtime('arm64')];
    return known.find((file) => file?.name === name && file.sha256 === sha256) ?? null;
  }

  private hashed(name: string, path: string): PilotFile {
    const known = this.hashes.get(path);
    if (known !== undefined) return known;
    const file = { name, path, sha256: createHash('sha256').update(readFileSync(path)).digest('hex') };
    this.hashes.set(path, file);
    return file;
  }
}

/** `dist/pilot/`, whether this file runs from dist or from src. */
function pilotFolder(): string {
  const beside = fileURLToPath(new URL('../pilot/', import.meta.url));
  return existsSync(`${beside}${bundleName}`) ? beside : fileURLToPath(new URL('../../dist/pilot/', import.meta.url));
}
