import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The texts of all files below a folder whose paths match. */
export function textsBelow(top: string, pattern: RegExp): string[] {
  return readdirSync(top, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => pattern.test(path))
    .map((path) => readFileSync(path, 'utf8'));
}
