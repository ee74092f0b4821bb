import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { JdlRecord, JdlSyntaxError, parseJdl, printJdl, type JdlValue } from '../../../../src/contract/index.js';

function values(text: string): Record<string, JdlValue> {
  return Object.fromEntries([...parseJdl(text).record].map(({ name, value }) => [name, value]));
}

function syntaxError(text: string): JdlSyntaxError {
  try {
    parseJdl(text);
  } catch (error) {
    if (error instanceof JdlSyntaxError) return error;
    throw error;
  }
  throw new Error(`accepted: ${text}`);
}

describe('A JDL text', () => {
  it('may stand in brackets or without any', () => {
    const word: JdlValue = { kind: 'word', text: '/bin/echo' };
    expect(values('[ Executable = /bin/echo; ]')).toEqual({ Executable: word });
    expect(values('Executable = /bin/echo')).toEqual({ Executable: word });
    expect(values('Executable = /bin/echo;')).toEqual({ Executable: word });
    expect(values('[]')).toEqual({});
    expect(values('')).toEqual({});
  });

  it('keeps ; ] , = # and // inside quotes, and knows three escapes', () => {
    const text = String.raw`Arguments = "a;b]c,d=e # f // g /* h */ \"i\" \\ \n \d";`;
    const expected = 'a;b]c,d=e # f // g /* h */ "i" \\ \n \\d';
    expect(values(text)['Arguments']).toEqual({ kind: 'string', text: expected });
  });

  it('skips comments of all three kinds, but not inside paths', () => {
    const text = '# one\n// two\n/* three\n lines */ A = lfn:/x//y; /* four */ B = /a/*.txt; # five';
    expect(values(text)).toEqual({ A: { kind: 'word', text: 'lfn:/x//y' }, B: { kind: 'word', text: '/a/*.txt' } });
  });

  it('tells numbers, booleans and words apart', () => {
    expect(values('A = 12; B = -1.5e3; C = True; D = yes; E = 1.2.3; F = "12"')).toEqual({
      A: { kind: 'number', text: '12', value: 12 },
      B: { kind: 'number', text: '-1.5e3', value: -1500 },
      C: { kind: 'boolean', value: true },
      D: { kind: 'word', text: 'yes' },
      E: { kind: 'word', text: '1.2.3' },
      F: { kind: 'string', text: '12' },
    });
  });

  it('nests lists and records', () => {
    const found = values('A = {"a b", {1, x}, {}}; B = [ c = {1}; D = [ e = 2 ] ];');
    expect(found['A']).toEqual({
      kind: 'list',
      items: [
        { kind: 'string', text: 'a b' },
        {
          kind: 'list',
          items: [
            { kind: 'number', text: '1', value: 1 },
            { kind: 'word', text: 'x' },
          ],
        },
        { kind: 'list', items: [] },
      ],
    });
    const inner = found['B']?.kind === 'record' ? found['B'].record : new JdlRecord();
    expect(inner.get('d')).toMatchObject({ kind: 'record' });
    expect(inner.get('C')).toMatchObject({ kind: 'list' });
  });

  it('finds attributes in any case and keeps their spelling', () => {
    const { record } = parseJdl('ExecuTable = x');
    expect(record.get('executable')).toEqual({ kind: 'word', text: 'x' });
    expect([...record].map(({ name }) => name)).toEqual(['ExecuTable']);
  });
});

describe('A JDL text that cannot be read', () => {
  it.each([
    ['[ A = 1;', 1, 1, /\] is missing/],
    ['A = 1; ]', 1, 8, /found \]/],
    ['[ A = 1 ] B = 2', 1, 11, /nothing after the closing/],
    ['A = ;', 1, 1, /A has no value/],
    ['A =', 1, 1, /A has no value/],
    ['A 1', 1, 3, /expected = after A, found 1/],
    ['A = x\nB = 1', 2, 1, /expected ;/],
    ['A = hello world;', 1, 11, /in quotes/],
    ['A = {1, }', 1, 9, /a value/],
    ['A = {1 2}', 1, 8, /, or }/],
    ['A = {1', 1, 5, /} is missing/],
    ['\n  A = "open', 2, 7, /" is missing/],
    ['A = 1; /* open', 1, 8, /comment/],
    ['1A = 2', 1, 1, /name of an attribute/],
    ['"A" = 2', 1, 1, /name of an attribute/],
  ])('%j is refused with its place', (text, line, column, message) => {
    const error = syntaxError(text);
    expect({ line: error.line, column: error.column }).toEqual({ line, column });
    expect(error.message).toMatch(message);
  });

  it('names both places of an attribute that is given twice', () => {
    expect(syntaxError('Site = A;\n  site = B;').message).toBe(
      'line 2, column 3: site is given twice; it was given before at line 1, column 1',
    );
  });

  it('is refused, not followed, when it nests without end', () => {
    expect(syntaxError(`A = ${'{'.repeat(100_000)}`).message).toMatch(/nested deeper/);
    expect(syntaxError(`A = ${'[b='.repeat(100_000)}`).message).toMatch(/nested deeper/);
  });
});

const word = fc.stringMatching(/^[A-Za-z_/.:%*][\w/.:%*()-]{0,12}$/).filter((text) => {
  return !/^(?:true|false|\.\d+)$/i.test(text) && !/^\/[/*]/.test(text) && !/^\.\d/.test(text);
});
const { value: anyValue } = fc.letrec<{ value: JdlValue; record: JdlRecord }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.record({ kind: fc.constant('string' as const), text: fc.string({ unit: 'grapheme' }) }),
    fc.integer().map((value) => ({ kind: 'number' as const, text: String(value), value })),
    fc.record({ kind: fc.constant('boolean' as const), value: fc.boolean() }),
    fc.record({ kind: fc.constant('word' as const), text: word }),
    fc.record({ kind: fc.constant('list' as const), items: fc.array(tie('value'), { maxLength: 4 }) }),
    fc.record({ kind: fc.constant('record' as const), record: tie('record') }),
  ),
  record: fc
    .uniqueArray(fc.tuple(fc.stringMatching(/^[A-Za-z_][\w.-]{0,10}$/), tie('value')), {
      selector: ([name]) => name.toLowerCase(),
      maxLength: 4,
    })
    .map((pairs) => new JdlRecord(pairs.map(([name, value]) => ({ name, value, at: { line: 1, column: 1 } })))),
}));

function plain(value: JdlValue): unknown {
  if (value.kind === 'list') return value.items.map(plain);
  if (value.kind === 'record') return [...value.record].map((attribute) => [attribute.name, plain(attribute.value)]);
  return value;
}

describe('Any record', () => {
  it('is read again as it was printed', () => {
    fc.assert(
      fc.property(fc.array(anyValue, { maxLength: 5 }), (list) => {
        const attributes = list.map((value, index) => ({ name: `A${index}`, value, at: { line: 1, column: 1 } }));
        const record = new JdlRecord(attributes);
        const again = parseJdl(printJdl(record)).record;
        expect([...again].map(({ value }) => plain(value))).toEqual(list.map(plain));
      }),
    );
  });
});

describe('Any text', () => {
  const pieces = fc.constantFrom(
    '[',
    ']',
    '{',
    '}',
    '=',
    ';',
    ',',
    '"',
    '\\',
    '#',
    '//',
    '/*',
    '*/',
    '\n',
    ' ',
    'A',
    'b=1;',
  );
  it('is either read or refused with a syntax error', () => {
    const texts = fc.oneof(
      fc.string({ maxLength: 200 }),
      fc.array(pieces, { maxLength: 60 }).map((list) => list.join('')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        try {
          return parseJdl(text).record instanceof JdlRecord;
        } catch (error) {
          return error instanceof JdlSyntaxError && error.line >= 1 && error.column >= 1;
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('of the largest accepted size is read in time that grows with its length only', () => {
    const repeated = ['A', '/*', '"', '{', '#\n', ' ', 'a=1;', '\n'].map((piece) =>
      piece.repeat(262_144 / piece.length),
    );
    const size = 130_000;
    for (const text of [
      ...repeated,
      `A={1${',1'.repeat(size)}}`,
      `A=${'1'.repeat(2 * size)}x`,
      `A="${'\\"'.repeat(size)}"`,
    ]) {
      try {
        parseJdl(text);
      } catch (error) {
        expect(error).toBeInstanceOf(JdlSyntaxError);
      }
    }
    // With the square of the length it would be 7 × 10^10 steps.
  }, 60_000);
});
