import { describe, expect, it } from '@jest/globals';
import { Progress } from '../../../src/cli/output/progress.js';
import type { Io } from '../../../src/cli/index.js';

function shownOn(errorIsTerminal: boolean): string {
  let shown = '';
  const io = { errorIsTerminal, error: (text: string) => (shown += text) } as unknown as Io;
  const progress = new Progress(io, 'reading', 'jobs');
  progress.update(1000, 2000);
  progress.update(1001, 2000);
  progress.update(2000, 2000);
  progress.end();
  progress.end();
  return shown;
}

describe('Progress', () => {
  it('is one line that is written over, and taken away at the end', () => {
    const last = 'reading: 2000 of 2000 jobs';
    expect(shownOn(true)).toBe(`\rreading: 1000 of 2000 jobs\r${last}\r${' '.repeat(last.length)}\r`);
  });
  it('is for people only', () => {
    expect(shownOn(false)).toBe('');
  });
});
