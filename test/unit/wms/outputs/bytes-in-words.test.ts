import { expect, it } from '@jest/globals';
import { inWords } from '../../../../src/wms/outputs/bytes-in-words.js';

it.each([
  [0, '0 bytes'],
  [999, '999 bytes'],
  [1_000, '1 kB'],
  [1_536, '1.54 kB'],
  [104_857_600, '105 MB'],
  [1_000_000_000_000, '1 TB'],
  [5e18, '5000 PB'],
])('%d bytes are %s in words', (bytes, words) => {
  expect(inWords(bytes)).toBe(words);
});
