import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { importsOf, projectFiles } from '../support/sources.js';

describe('fault points', () => {
  it('are in no program: neither sources nor build know their header, and no source imports a test', () => {
    const built = readdirSync('dist', { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.m?js$/.test(entry.name))
      .map(({ parentPath, name }) => ({
        path: join(parentPath, name),
        text: readFileSync(join(parentPath, name), 'utf8'),
      }));
    const sources = projectFiles('src');
    expect(built.length).toBeGreaterThan(100);
    const pointed = [...built, ...sources].filter(({ text }) => /x-fault|SIGKILL.*process\.pid/i.test(text));
    expect(pointed.map(({ path }) => path)).toEqual([]);
    const imports = sources.filter(
      ({ path, text }) => path.endsWith('.ts') && importsOf(text).some((name) => name.includes('/test/')),
    );
    expect(imports.map(({ path }) => path)).toEqual([]);
  });
});
