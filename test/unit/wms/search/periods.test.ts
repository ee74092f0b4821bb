import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Refusal } from '../../../../src/contract/index.js';
import { periodOf } from '../../../../src/wms/search/periods.js';

describe('a date in a search', () => {
  it.each([
    ['2026', '2026-01-01 00:00:00.000000', '2027-01-01 00:00:00.000000'],
    ['2026-11', '2026-11-01 00:00:00.000000', '2026-12-01 00:00:00.000000'],
    ['2024-02-29', '2024-02-29 00:00:00.000000', '2024-03-01 00:00:00.000000'],
    ['2026-11-23 06', '2026-11-23 06:00:00.000000', '2026-11-23 07:00:00.000000'],
    ['2026-12-31T23:59', '2026-12-31 23:59:00.000000', '2027-01-01 00:00:00.000000'],
    ['2026-11-23 06:51:34', '2026-11-23 06:51:34.000000', '2026-11-23 06:51:35.000000'],
    ['2026-11-23T06:51:34.123Z', '2026-11-23 06:51:34.000000', '2026-11-23 06:51:35.000000'],
    ['2026-11-23T06:51:34+02:00', '2026-11-23 04:51:34.000000', '2026-11-23 04:51:35.000000'],
    ['9999', '9999-01-01 00:00:00.000000', '9999-12-31 23:59:59.999999'],
  ])('%s is the period that it names', (text, start, end) => {
    expect(periodOf(text)).toMatchObject({ start, end });
  });

  it.each(['yesterday', '2026-13', '2026-02-30', '2026-11-23T25', '26', '', '2026-11-23Z', '2026-1-1'])(
    'is not %p',
    (text) => {
      expect(() => periodOf(text)).toThrow(Refusal);
    },
  );

  it('that is a full time names a second with that time in it', () => {
    const moments = fc.date({
      min: new Date('0001-01-01T00:00:00Z'),
      max: new Date('9998-12-31T23:59:59Z'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(moments, (moment) => {
        const text = moment.toISOString();
        const { start, end } = periodOf(text);
        const stored = text.replace('T', ' ').replace('Z', '000');
        expect(start <= stored && stored < end).toBe(true);
      }),
    );
  });
});
