import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { JdlRecord, JdlSyntaxError, jdlAttributes, parseJdl, readJdl } from '../../../../src/contract/index.js';
import { tries } from '../../../support/properties.js';

const names = jdlAttributes.map(({ name }) => name);
/** Pieces of JDL and what has broken parsers before. */
const pieces = fc.oneof(
  fc.constantFrom('[', ']', '{', '}', '=', ';', ',', '"', '\\', '#', '//', '/*', '*/', '\n', '\r', '\r\n', ' ', '\t'),
  fc.constantFrom(
    '\u0000',
    '\u2028',
    '\u2029',
    '\u0085',
    '\ufeff',
    '\ud800',
    '\udc00',
    '\u{1f680}',
    '\\"',
    '%s',
    '%(X)s',
  ),
  fc.constantFrom('A', 'b=1;', '-1.5e3', '1e999', 'True', 'lfn:/x//y', '__proto__', 'constructor', 'toString'),
  fc.constantFrom(...names),
  fc.constantFrom(...names).map((name) => `${name} = `),
);
const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.string({ unit: 'grapheme', maxLength: 200 }),
  fc.array(pieces, { maxLength: 60 }).map((list) => list.join('')),
  // Whatever somebody uploads by mistake, as the server and as old tools would read it.
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('utf8')),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
);

/** What reading throws, undefined if nothing. */
function thrownBy(read: () => unknown): unknown {
  try {
    read();
    return undefined;
  } catch (error) {
    return error;
  }
}

describe('Any text and any bytes', () => {
  it('are read, or refused with a place inside the text', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const thrown = thrownBy(() => expect(parseJdl(text).record).toBeInstanceOf(JdlRecord));
        if (thrown === undefined) return;
        expect(thrown).toBeInstanceOf(JdlSyntaxError);
        const { line, column, message } = thrown as JdlSyntaxError;
        const lines = text.split('\n');
        expect(message).toContain(`line ${line}, column ${column}`);
        expect(line).toBeGreaterThanOrEqual(1);
        expect(line).toBeLessThanOrEqual(lines.length);
        expect(column).toBeGreaterThanOrEqual(1);
        // The end of a line, where something is missing, is a place too.
        expect(column).toBeLessThanOrEqual((lines[line - 1]?.length ?? 0) + 1);
      }),
      tries(1_500),
    );
  });

  it('are a description, problems with a path and a sentence, or a syntax error', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const thrown = thrownBy(() => {
          const { description, problems } = readJdl(text);
          expect(description === null).toBe(problems.length > 0);
          for (const { path, message } of problems) {
            expect(typeof path).toBe('string');
            expect(message).not.toBe('');
          }
        });
        if (thrown instanceof JdlSyntaxError || thrown === undefined) return;
        throw thrown;
      }),
      tries(1_500),
    );
  });

  it('as the value of each attribute that we know are a description or problems', () => {
    const values = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }).map((text) => `"${text.replaceAll(/["\\]/g, '\\$&')}"`),
      fc.constantFrom(
        '{}',
        '[]',
        '{{}}',
        '{"", ""}',
        '[a=1]',
        '-1',
        '1e999',
        '1e400',
        'NaN',
        '0x10',
        '99999999999999999999',
        'y',
      ),
      fc
        .array(fc.constantFrom('""', '1', 'x', '{}', '[a=1;]', '"a=b"', '"%s"'), { maxLength: 4 })
        .map((list) => `{${list}}`),
    );
    fc.assert(
      fc.property(fc.uniqueArray(fc.constantFrom(...names), { minLength: 1, maxLength: 5 }), values, (some, value) => {
        const { description, problems } = readJdl(some.map((name) => `${name} = ${value};`).join('\n'));
        expect(description === null).toBe(problems.length > 0);
      }),
      tries(1_500),
    );
  });
});
