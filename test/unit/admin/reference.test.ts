import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { referencePages } from '../../../src/admin/reference.js';
import { endpoints } from '../../../src/contract/index.js';

const pages = referencePages();

describe('the generated pages of docs/', () => {
  it.each(Object.keys(pages))('%s is what the schemas say now (npm run docs:reference writes it)', (name) => {
    expect(readFileSync(`docs/${name}`, 'utf8')).toBe(pages[name]);
  });

  it('explain every key of the configuration and every setting', () => {
    const rows = pages['configuration.md']?.split('\n').filter((line) => line.startsWith('| `')) ?? [];
    expect(rows.length).toBeGreaterThan(60);
    expect(rows.filter((row) => /\|\s+\|$/.test(row))).toEqual([]);
  });

  it('hold every endpoint once, with references that lead somewhere', () => {
    const text = pages['openapi.json'] ?? '';
    const document = JSON.parse(text) as { paths: Record<string, Record<string, { operationId: string }>> };
    const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
    expect(operations.map(({ operationId }) => operationId).toSorted()).toEqual(
      endpoints.map(({ name }) => name).toSorted(),
    );
    for (const [, reference = ''] of text.matchAll(/"\$ref": "#\/([^"]+)"/g)) {
      const target = reference.split('/').reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], document);
      expect({ reference, target }).toEqual({ reference, target: expect.anything() });
    }
  });
});
