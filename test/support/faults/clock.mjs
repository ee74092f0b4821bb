/**
 * `node --import test/support/faults/clock.mjs <program>`: the wall clock of the program is off by CLOCK_SHIFT seconds; when
 * CLOCK_SHIFT_WHEN names a file, from the moment on at which that file is there. Other clocks go on.
 */
import { existsSync } from 'node:fs';

const { CLOCK_SHIFT = '0', CLOCK_SHIFT_WHEN } = process.env;
const RealDate = Date;
const shift = () => (CLOCK_SHIFT_WHEN === undefined || existsSync(CLOCK_SHIFT_WHEN) ? Number(CLOCK_SHIFT) * 1000 : 0);

globalThis.Date = class Date extends RealDate {
  constructor(...given) {
    if (given.length === 0) super(RealDate.now() + shift());
    else super(...given);
  }
  static now() {
    return RealDate.now() + shift();
  }
};
