import { describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { notationOf } from '../../../src/cli/jobs/descriptions.js';
import { isLocal } from '../../../src/cli/jobs/local-files.js';
import { inPieces, parseJobIds, shortIds } from '../../../src/cli/jobs/ids.js';
import { totalIn } from '../../../src/cli/search.js';
import { directivesOf, overlay, recordOf } from '../../../src/cli/short/directives.js';
import { parseParametric } from '../../../src/cli/short/parametric-option.js';
import { commandLine } from '../../../src/cli/short/script.js';
import { expiryOf } from '../../../src/cli/account/token.js';
import { failureLines, tell } from '../../../src/cli/failure.js';
import { CallRefused, printJdl, type RefusalCode } from '../../../src/contract/index.js';

describe('Job ids', () => {
  it('stand with commas, blanks or lines between them, each once', () => {
    expect(parseJobIds(['12,13', '14 15\n16', '12'])).toEqual([12, 13, 14, 15, 16]);
    expect(() => parseJobIds(['1-3'])).toThrow('1-3 is no job id');
    expect(() => parseJobIds(['9007199254740993'])).toThrow('is no job id');
  });
  it('are shortened for people', () => {
    expect(shortIds([7, 3, 4, 5])).toBe('3-5,7');
    expect(shortIds([])).toBe('');
  });
  it('are taken in pieces', () => {
    expect([...inPieces([1, 2, 3], 2)]).toEqual([[1, 2], [3]]);
    expect([...inPieces([], 2)]).toEqual([]);
  });
});

describe('--Parametric', () => {
  it.each([
    ['a,b', ['a', 'b']],
    ['1:3', ['1', '2', '3']],
    ['3:1', ['3', '2', '1']],
    ['5:5', ['5']],
    ['0:1:0.5', ['0', '0.5', '1']],
    ['1:20:1:2', ['1', '3', '7', '15']],
    ['a, 1:2 ,a:b', ['a', '1', '2', 'a:b']],
  ])('%s', (text, expected) => {
    expect(parseParametric(text)).toEqual(expected);
  });
  it.each(['', '1:5:0', '1:5:-1', '1:1000000000', '5:1:1'])('%j is refused', (text) => {
    expect(() => parseParametric(text)).toThrow(/does not come to its end|At least one value/);
  });
});

describe('The arguments of dsub', () => {
  it('come out of a shell exactly as they were typed', () => {
    const texts = fc.array(
      fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0')),
      { minLength: 1, maxLength: 5 },
    );
    fc.assert(
      fc.property(texts, (args) => {
        const out = execFileSync('/bin/sh', ['-c', `printf '%s\\0' ${commandLine(args)}`]).toString('utf8');
        expect(out.split('\0').slice(0, -1)).toEqual(args);
      }),
      { numRuns: 40 },
    );
  });
  it('may hold parameters', () => {
    expect(commandLine(['--seed=%s', '%(A)s', '(x)'])).toBe("--seed=%s %(A)s '(x)'");
  });
});

describe('Directives of a script', () => {
  it('are its #JDL lines; later ones win', () => {
    const record = directivesOf(
      '#!/bin/sh\n#JDL Tag = "a"\r\n# JDL Site = X\n#JDL Tags = {"b"}; Priority = 2\necho #JDL no\n',
    );
    expect(printJdl(record)).toBe('[\n  Tags = {"b"};\n  Priority = 2;\n]\n');
  });
  it('are laid over others under all their names', () => {
    const laid = overlay([recordOf({ BannedSites: 'A', Odd: '1' }), recordOf({ BannedSite: 'B', odd: undefined })]);
    expect(laid.get('BannedSite')).toEqual({ kind: 'string', text: 'B' });
    expect(laid.get('BannedSites')).toBeUndefined();
    expect(laid.get('odd')).toEqual({ kind: 'string', text: '1' });
  });
});

describe('A description file', () => {
  it.each([
    ['Executable = x', 'jdl'],
    ['[ Executable = x; ]', 'jdl'],
    ['# comment\n[]', 'jdl'],
    [' {"executable": "x"}', 'json'],
    ['[{"executable": "x"}]', 'json'],
    ['{ broken', 'json'],
  ])('%j is %s', (text, notation) => {
    expect(notationOf(text)).toBe(notation);
  });
  it('names local files by what they are not', () => {
    expect(['run.sh', '/tmp/x', 'SB:SE|/x', 'LFN:/vo/x', 'lfn:/vo/x'].map(isLocal)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});

describe('Small things of the wire', () => {
  it('a Content-Range names the total', () => {
    expect(totalIn({ 'content-range': 'jobs 0-99/4000' })).toBe(4000);
    expect(totalIn({ 'content-range': 'jobs */20' })).toBe(20);
    expect(totalIn({})).toBeUndefined();
  });
  it('a token may say when it expires', () => {
    const token = `x.${Buffer.from('{"exp":1795464900}').toString('base64url')}.y`;
    expect(expiryOf(token)).toBe('2026-11-23T20:15:00Z');
    expect(expiryOf('opaque')).toBeNull();
    expect(expiryOf('a.b.c')).toBeNull();
  });
});

describe('A failure', () => {
  it('is one line, whatever the error says', () => {
    const lines = failureLines('dstat', tell(new Error('first\nsecond')));
    expect(lines).toBe('dstat: unexpected error: first — set PILOTAGE_DEBUG=1 to see where\n');
  });
  it('names the file that could not be used', () => {
    const error = Object.assign(new Error('x'), { code: 'ENOSPC', path: '/full/disk' });
    expect(failureLines('doutput', tell(error))).toBe('doutput: /full/disk: the disk is full\n');
  });

  it('of a busy server says in one line what to do, and when', () => {
    const told = (code: RefusalCode, retryAfter?: number): string =>
      failureLines('dstat', tell(new CallRefused(429, code, 'Too many calls', { retryAfter })));
    expect(told('too-many-requests', 7)).toBe(
      'dstat: Too many calls — send fewer calls at a time; not before 7 s from now\n',
    );
    expect(told('server-busy', 3)).toBe('dstat: Too many calls — try again later; not before 3 s from now\n');
    expect(told('too-many-waiting-jobs')).toBe('dstat: Too many calls — wait until some of your jobs have started\n');
  });
});
