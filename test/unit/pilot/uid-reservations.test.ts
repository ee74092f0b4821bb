import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { UidReservations } from '../../../src/pilot/isolation/uid-reservations.js';

const folder = mkdtempSync(join(tmpdir(), 'pilotage-uids-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A process that has the directory in its arguments, as the guard of a pilot has. */
function living(directory: string): { pilot: UidReservations; end(): Promise<void> } {
  const child = spawn('/bin/sh', ['-c', 'read -r line', 'guard', directory], { stdio: ['pipe', 'ignore', 'ignore'] });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    pilot: new UidReservations(directory, folder),
    end: () => {
      child.stdin.end();
      return gone;
    },
  };
}

describe('reservations of user ids', () => {
  it('give two pilots of one host different ids, and say when none is left', async () => {
    const [one, other] = [living(`${folder}/one`), living(`${folder}/other`)];
    expect(one.pilot.take(700, 701)).toBe(700);
    expect(other.pilot.take(700, 701)).toBe(701);
    expect(one.pilot.take(700, 701)).toBeUndefined();
    other.pilot.release(701);
    expect(one.pilot.take(700, 701)).toBe(701);
    await Promise.all([one.end(), other.end()]);
  });

  it('outlive their pilot as long as its guard lives, and no longer', async () => {
    const dead = living(`${folder}/dead`);
    const next = living(`${folder}/next`);
    expect(dead.pilot.take(800, 800)).toBe(800);
    expect(next.pilot.take(800, 800)).toBeUndefined();
    await dead.end();
    expect(next.pilot.take(800, 800)).toBe(800);
    await next.end();
  });

  it('can be made again after somebody died while making one', () => {
    const door = join(folder, 'door');
    mkdirSync(door);
    utimesSync(door, new Date(0), new Date(0));
    expect(new UidReservations(`${folder}/late`, folder).take(900, 900)).toBe(900);
  });
});
