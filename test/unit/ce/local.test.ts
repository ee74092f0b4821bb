import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Guard } from '../../../src/ce/drivers/local/guard.js';
import { familyOf, parseStat, type ProcessFacts } from '../../../src/ce/drivers/local/processes.js';
import { checkDriver } from '../../../src/ce/index.js';

describe('Processes of the local CE', () => {
  it('are read from /proc even when the command holds spaces and parentheses', () => {
    const line =
      '4242 (a (b) c d) S 17 4242 4000 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 987654 1 1 18446744073709551615';
    expect(parseStat(line)).toEqual({ pid: 4242, parent: 17, session: 4000, start: '987654', zombie: false });
    expect(parseStat(line.replace(' S ', ' Z ')).zombie).toBe(true);
  });

  const one = (pid: number, parent: number, session: number, start = '5'): ProcessFacts => ({
    pid,
    parent,
    session,
    start,
    zombie: false,
  });
  const leader = { pid: 10, start: '5', boot: 'b' };

  it('belong to a run by its session or by descent, also when a child made a session of its own', () => {
    const all = [one(10, 1, 10), one(11, 10, 10), one(12, 11, 12), one(13, 12, 12), one(14, 1, 10), one(20, 1, 20)];
    expect(familyOf(leader, 'b', all).map(({ pid }) => pid)).toEqual([10, 11, 14, 12, 13]);
  });

  it('do not belong to a run whose pid was given to another process, or before a restart of the machine', () => {
    expect(familyOf(leader, 'b', [one(10, 1, 10, '6'), one(11, 10, 10)])).toEqual([]);
    expect(familyOf(leader, 'other', [one(10, 1, 10)])).toEqual([]);
  });
});

describe('The guard of the local CE', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pilotage-guard-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  const soon = (): AbortSignal => AbortSignal.timeout(5_000);

  it('lets one in at a time, from several objects, and leaves nothing behind', async () => {
    let inside = 0;
    let most = 0;
    const guards = [new Guard(folder), new Guard(folder), new Guard(folder)];
    const visits = Array.from({ length: 30 }, (_, index) =>
      guards[index % 3]?.hold(soon(), async () => {
        inside += 1;
        most = Math.max(most, inside);
        await new Promise((resolve) => setTimeout(resolve, 1));
        inside -= 1;
      }),
    );
    await Promise.all(visits);
    expect(most).toBe(1);
    expect(await readdir(folder)).toEqual([]);
  });

  it('is taken from a holder that has died', async () => {
    await writeFile(join(folder, 'guard'), '4194304 1 some-earlier-boot');
    expect(await new Guard(folder).hold(soon(), async () => 'in')).toBe('in');
  });

  it('ends the wait of a caller who gives up', async () => {
    let open: () => void = () => undefined;
    let held: Promise<void> = Promise.resolve();
    await new Promise<void>((isIn) => {
      const body = (): Promise<void> => {
        isIn();
        return new Promise((resolve) => (open = resolve));
      };
      held = new Guard(folder).hold(soon(), body);
    });
    const waiting = new Guard(folder).hold(AbortSignal.timeout(50), async () => 'in');
    await expect(waiting).rejects.toMatchObject({ name: 'TimeoutError' });
    open();
    await held;
  });
});

describe('The check of a CE in a configuration', () => {
  it('names an unknown driver and those that exist', () => {
    expect(checkDriver('teleport', {}, 'sites.A.ces.b')).toEqual([
      { path: 'sites.A.ces.b.driver', message: 'there is no driver teleport; known are local' },
    ]);
  });

  it('finds nothing wrong with the defaults of local', () => {
    expect(checkDriver('local', {}, 'sites.A.ces.b')).toEqual([]);
  });
});
