import { describe, expect, it } from '@jest/globals';
import { readTimestamp } from '../../../../src/wms/jobs/timestamps.js';

describe('a timestamp', () => {
  it.each([
    ['2026-11-23T06:51:34.123456Z', '2026-11-23 06:51:34.123456'],
    ['2026-11-23T06:51:34Z', '2026-11-23 06:51:34.000000'],
    ['2026-11-23 06:51:34.5+00:00', '2026-11-23 06:51:34.500000'],
    ['2026-11-23T06:51Z', '2026-11-23 06:51:00.000000'],
    ['1795416694.25', '2026-11-23 06:51:34.250000'],
    ['0', '1970-01-01 00:00:00.000000'],
  ])('%s is kept to the microsecond', (text, at) => {
    expect(readTimestamp(text)).toEqual({ at });
  });

  it.each([
    ['2026-11-23T06:51:34', 'naive'],
    ['2026-11-23T06:51:34+02:00', 'not-utc'],
    ['2026-02-30T00:00:00Z', 'unreadable'],
    ['soon', 'unreadable'],
    ['', 'unreadable'],
    ['9'.repeat(30), 'unreadable'],
  ])('%s is refused', (text, wrong) => {
    expect(readTimestamp(text)).toEqual({ wrong });
  });
});
