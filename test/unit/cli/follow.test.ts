import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { hasGap, newText } from '../../../src/cli/jobs/follow.js';

describe('The new text of a window that slides over a growing output', () => {
  it.each([
    ['', 'abc', 'abc'],
    ['abc', 'abc', ''],
    ['abc', 'abcdef', 'def'],
    ['abc', 'bcd', 'd'],
    ['abc', 'xyz', 'xyz'],
    ['aab', 'abaab', 'aab'],
    ['abc', '', ''],
  ])('after %j, %j brings %j', (previous, current, expected) => {
    expect(newText(previous, current)).toBe(expected);
  });

  it('puts the output together again, as long as windows overlap in text that does not repeat', () => {
    const steps = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(steps, (list) => {
        let lines = 0;
        let output = '';
        let previous = '';
        let printed = '';
        for (const step of list) {
          for (let i = 0; i < step; i++) output += `line ${lines++}\n`;
          const current = output.split('\n').slice(-11).join('\n');
          printed += newText(previous, current);
          if (current !== '') previous = current;
        }
        expect(printed).toBe(output);
      }),
    );
  });

  it('shows a gap where nothing overlaps', () => {
    expect(hasGap('abc', 'xyz')).toBe(true);
    expect(hasGap('', 'xyz')).toBe(false);
    expect(hasGap('abc', 'cd')).toBe(false);
    expect(hasGap('abc', '')).toBe(false);
  });
});
