import { describe, expect, it } from '@jest/globals';
import { renderCsv } from '../../../src/cli/output/csv.js';
import { shortTime } from '../../../src/cli/output/rows.js';
import { cellText, renderPairs, renderTable } from '../../../src/cli/output/table.js';

describe('A table', () => {
  it('aligns its columns, numbers to the right, without blanks at the ends of lines', () => {
    const rows = [
      { id: 7, name: 'a', note: null },
      { id: 1234, name: 'longer', note: 'x' },
    ];
    expect(renderTable(['id', 'name', 'note'], rows)).toBe('  id  name    note\n   7  a       \n1234  longer  x\n');
  });
  it('is cut where it does not fit, never in ids and numbers', () => {
    const rows = [{ JobID: 123456789, Status: 'Waiting for something very long', PilotStamp: 'f'.repeat(32) }];
    const [heading, line] = renderTable(['JobID', 'Status', 'PilotStamp'], rows, { width: 60 }).split('\n');
    expect([...(line ?? '')].length).toBe(60);
    expect(heading).toMatch(/^ {4}JobID {2}Status +PilotStamp$/);
    expect(line).toMatch(/^123456789 {2}Waiting for so… {2}f{32}$/);
  });
  it('that fits nowhere keeps at least the beginnings', () => {
    expect(renderTable(['name'], [{ name: 'abcdefghij' }], { width: 1 })).toBe('name\nabcde…\n');
  });
  it('without rows has its headings', () => {
    expect(renderTable(['a', 'b'], [])).toBe('a  b\n');
  });
  it('is painted after it is laid out', () => {
    const paint = (_: string, __: unknown, text: string): string => `<${text}>`;
    expect(renderTable(['a', 'b'], [{ a: 'x', b: 'y' }], { paint })).toBe('a  b\n<x>  <y>\n');
  });
});

describe('A value in a table', () => {
  it('is one line that cannot drive a terminal', () => {
    expect(cellText('a\nb\tc\u001b]0;title\u0007\u009b1m')).toBe('a b c ]0;title  1m');
    expect(cellText(null)).toBe('');
    expect(cellText({ a: [1] })).toBe('{"a":[1]}');
  });
  it('that is a time is short', () => {
    expect(shortTime('2026-11-23T20:15:00.123456Z')).toBe('2026-11-23 20:15:00');
    expect(shortTime('2026-11-23T20:15:00+00:00')).toBe('2026-11-23 20:15:00');
    expect(shortTime('2026-11-23')).toBe('2026-11-23');
    expect(shortTime(5)).toBe(5);
  });
});

describe('Pairs', () => {
  it('are aligned', () => {
    expect(
      renderPairs([
        ['a', 1],
        ['longer', 'x'],
        ['none', null],
      ]),
    ).toBe('a       1\nlonger  x\nnone\n');
  });
});

describe('CSV', () => {
  it('quotes what needs it', () => {
    const rows = [
      { a: 'x,y', b: 'say "hi"', c: 'two\nlines' },
      { a: null, b: 0, c: false },
    ];
    expect(renderCsv(['a', 'b', 'c'], rows)).toBe('a,b,c\r\n"x,y","say ""hi""","two\nlines"\r\n,0,false\r\n');
  });
});
