import { describe, expect, it } from '@jest/globals';
import { slurmSeconds, usageOfSacct } from '../../../src/pilot/time-left.js';

describe('time left', () => {
  it.each([
    ['12345,86400,24,3600,03:00:00', { cpu: 86400, cpuLimit: 259200, wall: 3600, wallLimit: 10800, unit: 'wall' }],
    ['12345,86400,24,3600,4-03:00:00', { cpu: 86400, cpuLimit: 8553600, wall: 3600, wallLimit: 356400, unit: 'wall' }],
    ['19283|9000|10|900|30:00', { cpu: 9000, cpuLimit: 18000, wall: 900, wallLimit: 1800, unit: 'wall' }],
    ['', undefined],
    ['12345,86400,24,3600,UNLIMITED', undefined],
  ])('is read from the accounting line "%s" of Slurm', (line, usage) => {
    expect(usageOfSacct(line)).toEqual(usage);
  });

  it.each([
    ['30:00', 1800],
    ['03:00:00', 10800],
    ['1-00:00:01', 86401],
    ['UNLIMITED', undefined],
  ])('knows that Slurm means %s', (text, seconds) => {
    expect(slurmSeconds(text)).toBe(seconds);
  });
});
