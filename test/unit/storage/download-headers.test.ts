import { describe, expect, it } from '@jest/globals';
import { rangeOf } from '../../../src/storage/byte-range.js';
import { attachment } from '../../../src/storage/index.js';

describe('the Range header', () => {
  it.each([
    ['bytes=0-3', { first: 0, last: 3 }],
    ['bytes=4-', { first: 4, last: 9 }],
    ['bytes=4-99', { first: 4, last: 9 }],
    ['bytes=9-9', { first: 9, last: 9 }],
    ['bytes=-3', { first: 7, last: 9 }],
    ['bytes=-99', { first: 0, last: 9 }],
    ['bytes=10-', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    [undefined, 'whole'],
    ['', 'whole'],
    ['bytes=-', 'whole'],
    ['bytes=5-4', 'whole'],
    ['bytes=0-1,3-4', 'whole'],
    ['lines=0-1', 'whole'],
    ['bytes=a-b', 'whole'],
  ])('%j of ten bytes', (header, range) => {
    expect(rangeOf(header, 10)).toEqual(range);
  });

  it('cannot be met by an empty object', () => {
    expect(rangeOf('bytes=0-', 0)).toBe('unsatisfiable');
    expect(rangeOf(undefined, 0)).toBe('whole');
  });
});

describe('the name of a download', () => {
  it.each([
    [undefined, 'attachment'],
    ['out.tar.gz', 'attachment; filename="out.tar.gz"'],
    ['a b.txt', 'attachment; filename="a b.txt"'],
    ['a"b\\c/d.txt', `attachment; filename="a_b_c_d.txt"; filename*=UTF-8''a%22b%5Cc%2Fd.txt`],
    ["é'(1).txt", `attachment; filename="_'(1).txt"; filename*=UTF-8''%C3%A9%27%281%29.txt`],
    ['x\r\nset-cookie: a', `attachment; filename="x__set-cookie: a"; filename*=UTF-8''x%0D%0Aset-cookie%3A%20a`],
    ['\ud800', `attachment; filename="_"; filename*=UTF-8''%EF%BF%BD`],
  ])('%j', (filename, header) => {
    expect(attachment(filename)).toBe(header);
  });
});
