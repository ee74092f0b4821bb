import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { checkDescription, describeAttributes, readJdl } from '../../../../src/contract/index.js';

const page = readFileSync(new URL('../../../../docs/job-description.md', import.meta.url), 'utf8');

describe('docs/job-description.md', () => {
  it('shows the table of attributes as the code has it', () => {
    const table = /<!-- attributes: .* -->\n([\s\S]*?)\n<!-- end of attributes -->/.exec(page)?.[1];
    expect(table).toBe(describeAttributes());
  });

  it('shows descriptions that are valid', () => {
    const blocks = [...page.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].filter(([, language]) => language !== 'console');
    expect(blocks.length).toBeGreaterThanOrEqual(3);
    for (const [, language, text = ''] of blocks) {
      const { problems } = language === 'json' ? checkDescription(JSON.parse(text)) : readJdl(text);
      expect(problems).toEqual([]);
    }
  });
});

describe('The examples', () => {
  const folder = new URL('../../../../examples/jobs/', import.meta.url);
  const names = readdirSync(folder).filter((name) => name.endsWith('.jdl'));

  it.each(names)('%s is a valid description', (name) => {
    expect(readJdl(readFileSync(new URL(name, folder), 'utf8')).problems).toEqual([]);
  });
});
