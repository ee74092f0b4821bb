import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Readable } from 'node:stream';
import { MalformedForm, MultipartReader } from '../../../src/storage/multipart.js';

const type = 'multipart/form-data; boundary=XyZ';

function body(text: string | Buffer, piece = Infinity): Readable {
  const bytes = Buffer.from(text as string, 'utf8');
  const size = Math.min(piece, Math.max(bytes.length, 1));
  const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) =>
    bytes.subarray(n * size, (n + 1) * size),
  );
  return Readable.from(pieces, { objectMode: false });
}

async function read(source: Readable, contentType = type) {
  const { fields, file } = await new MultipartReader(source, contentType).form();
  const chunks: Buffer[] = [];
  for await (const chunk of file) chunks.push(Buffer.from(chunk));
  return { fields, file: Buffer.concat(chunks) };
}

const field = (name: string, value: string) =>
  `--XyZ\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
const file = (value: string) =>
  `--XyZ\r\nContent-Disposition: form-data; name="file"; filename="name=x"\r\nContent-Type: a/b\r\n\r\n${value}\r\n`;

describe('a multipart upload', () => {
  it.each([1, 2, 3, 7, 64, Infinity])('is read from pieces of %d bytes', async (piece) => {
    const text = `${field('key', 'a/b')}${field('empty', '')}${file('\r\n--Xy\r\n--XyX\r\n')}--XyZ--\r\n`;
    const form = await read(body(text, piece));
    expect(form).toEqual({ fields: { key: 'a/b', empty: '' }, file: Buffer.from('\r\n--Xy\r\n--XyX\r\n') });
  });

  it('gives back any bytes, as the standard FormData writes them', async () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc.string().map((text) => Buffer.from(text)),
    );
    const value = fc.string({ unit: fc.constantFrom('a', '-', 'Z', '"', ' ', 'é'), maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(bytes, value, fc.integer({ min: 1, max: 90 }), async (content, text, piece) => {
        const form = new FormData();
        form.append('text', text);
        form.append('file', new Blob([Buffer.from(content)]), 'file');
        const request = new Response(form);
        const sent = Buffer.from(await request.arrayBuffer());
        const got = await read(body(sent, piece), request.headers.get('content-type') ?? '');
        expect(got.fields).toEqual({ text });
        expect(got.file.equals(Buffer.from(content))).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('takes a quoted boundary, unquoted names, headers in any case and text before the first part', async () => {
    const text = `hello\r\n--a b\r\ncontent-disposition: FORM-DATA; name=key\r\n\r\nv\r\n--a b\r\nCONTENT-DISPOSITION: form-data; filename=q; name=file\r\n\r\nX\r\n--a b--`;
    expect(await read(body(text), 'Multipart/Form-Data; charset=utf-8; boundary="a b"')).toEqual({
      fields: { key: 'v' },
      file: Buffer.from('X'),
    });
  });

  it('ends with its file; what follows is ignored', async () => {
    const form = await read(body(`${file('X')}${field('key', 'late')}--XyZ--`));
    expect(form).toEqual({ fields: {}, file: Buffer.from('X') });
  });

  it('may name a field like a property of all objects', async () => {
    const { fields } = await read(body(`${field('__proto__', 'x')}${file('X')}--XyZ--`));
    expect(Object.entries(fields)).toEqual([['__proto__', 'x']]);
    expect(Object.getPrototypeOf(fields)).toBe(Object.prototype);
  });

  it.each([
    ['nothing', ''],
    ['no file', `${field('key', 'v')}--XyZ--\r\n`],
    ['an end inside a field', field('key', 'v').slice(0, -3)],
    ['an end inside the file', `${file('X')}--Xy`],
    ['an end inside a header', '--XyZ\r\nContent-Disp'],
    ['a part without a name', `--XyZ\r\nContent-Disposition: form-data\r\n\r\nv\r\n${file('X')}--XyZ--`],
    ['a field that stands there twice', `${field('key', 'v')}${field('key', 'w')}${file('X')}--XyZ--`],
    ['a field of 20,000 bytes', `${field('key', 'v'.repeat(20_000))}${file('X')}--XyZ--`],
    ['an endless field', field('key', 'v'.repeat(1_000_000)).slice(0, -2)],
    ['an endless header', `--XyZ\r\nContent-Disposition: ${'x'.repeat(100_000)}`],
    ['too many fields', `${Array.from({ length: 40 }, (_, n) => field(`k${n}`, 'v')).join('')}${file('X')}--XyZ--`],
    ['another boundary', file('X').replaceAll('XyZ', 'AbC')],
  ])('is malformed with %s', async (_, text) => {
    await expect(read(body(text))).rejects.toBeInstanceOf(MalformedForm);
    await expect(read(body(text, 5))).rejects.toBeInstanceOf(MalformedForm);
  });

  it.each(['', 'text/plain', 'multipart/form-data', 'multipart/mixed; boundary=XyZ', `multipart/form-data; boundary=`])(
    'is malformed as %j',
    async (contentType) => {
      await expect(read(body(file('X')), contentType)).rejects.toBeInstanceOf(MalformedForm);
    },
  );

  it('is malformed when its sender breaks off', async () => {
    const source = new Readable({ read() {} });
    source.push(`${file('X').slice(0, -3)}`);
    const reading = read(source);
    source.destroy(new Error('gone'));
    await expect(reading).rejects.toThrow('The upload broke off');
  });

  it('is read to its end after a refusal, but not for ever', async () => {
    let sent = 0;
    const endless = Readable.from(
      (async function* () {
        for (;;) yield Buffer.alloc(1024 * 1024, ++sent);
      })(),
      { objectMode: false },
    );
    await new MultipartReader(endless, type).discard();
    expect(sent).toBeGreaterThan(100);
    expect(endless.destroyed).toBe(true);
  });
});
