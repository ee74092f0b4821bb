import type { Problem } from '../contract/index.js';
import type { OpenableDriver } from './driver.js';
import { local } from './drivers/local/local.driver.js';

/** Every driver there is. A new one is added here and nowhere else. */
export const drivers: readonly OpenableDriver[] = [local];

/** The driver of that name, or undefined. */
export function driverNamed(name: string): OpenableDriver | undefined {
  return drivers.find((driver) => driver.name === name);
}

/** What is wrong with a CE's driver and its settings in a configuration; `path` is where the CE stands. */
export function checkDriver(name: string, settings: unknown, path: string): Problem[] {
  const driver = driverNamed(name);
  if (driver !== undefined) return driver.check(settings, `${path}.settings`);
  const known = drivers.map((each) => each.name).join(', ');
  return [{ path: `${path}.driver`, message: `there is no driver ${name}; known are ${known}` }];
}
