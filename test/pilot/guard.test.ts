import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { seconds } from '../../src/pilot/clock.js';
import { Guard } from '../../src/pilot/isolation/guard.js';
import { signal } from '../../src/pilot/process-tree.js';
import { processesWith, until } from './support/pilot-process.js';

let folder: string;
let marker: string;
let told: string[];
let guards: Guard[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pilotage-guard-'));
  marker = `PILOTAGE_PILOT_MARK=${randomUUID()}`;
  told = [];
  guards = [];
});
afterEach(() => {
  for (const guard of guards) guard.close();
  for (const pid of processesWith(`OF=${marker}`)) signal(pid, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

function guard(shell = '/bin/sh'): Guard {
  const settings = { marker, wrapperPid: process.pid, directory: folder, tell: (why: string) => told.push(why), shell };
  guards.push(new Guard(settings));
  return guards.at(-1) as Guard;
}

/** Starts a payload in a group of its own, with a child that left it; gives what the guard is told of it. */
function payload(): { group: number; mark: string } {
  const mark = `PILOTAGE_ATTEMPT_MARK=${randomUUID()}`;
  const env = { PATH: process.env['PATH'], PILOTAGE_ATTEMPT_MARK: mark.split('=')[1], OF: marker };
  const child = spawn('/bin/sh', ['-c', 'setsid sleep 600 & exec sleep 601'], { detached: true, stdio: 'ignore', env });
  return { group: child.pid ?? 0, mark };
}

const guardsRunning = (): number[] =>
  processesWith(marker).filter((pid) => processesWith('pilotage-guard').includes(pid));

describe('the guard', () => {
  it('kills the payload whose deadline passes, and no other', async () => {
    const own = guard();
    const [first, second, third] = [payload(), payload(), payload()];
    own.watch({ ...first, deadline: seconds() + 1.5 });
    own.watch({ ...second, deadline: seconds() + 600 });
    own.watch({ ...third, deadline: seconds() + 1.5 });
    own.watch({ ...third, deadline: seconds() + 600 });
    await until('all of the first are there', () => processesWith(first.mark).length === 2);
    const deadline = seconds() + 1.5;
    await until('all of the first are gone', () => processesWith(first.mark).length === 0, 5);
    expect(seconds()).toBeLessThan(deadline + 1);
    for (const other of [second, third]) expect(processesWith(other.mark)).toHaveLength(2);
  });

  it('does nothing to a payload that it is to forget', async () => {
    const own = guard();
    const [forgotten, other] = [payload(), payload()];
    own.watch({ ...forgotten, deadline: seconds() + 1 });
    own.watch({ ...other, deadline: seconds() + 1.5 });
    own.forget(forgotten.group);
    await until('the other is gone', () => processesWith(other.mark).length === 0, 5);
    expect(processesWith(forgotten.mark)).toHaveLength(2);
  });

  it('that is killed is started again and still knows its payloads', async () => {
    const own = guard();
    const watched = payload();
    own.watch({ ...watched, deadline: seconds() + 3 });
    await until('the guard has proved itself', () => own.away === 0, 5);
    for (const pid of guardsRunning()) process.kill(pid, 'SIGKILL');
    await until('it is started again', () => told.length === 1 && guardsRunning().length > 0, 5);
    expect(told[0]).toContain('ended (SIGKILL)');
    await until('the payload is gone', () => processesWith(watched.mark).length === 0, 6);
  });

  it('that cannot be started is tried again until it can, and says how long it was away', async () => {
    const shell = join(folder, 'sh');
    const own = guard(shell);
    const watched = payload();
    own.watch({ ...watched, deadline: seconds() + 600 });
    await until('it was tried a few times', () => told.length >= 2, 5);
    expect(told[0]).toContain('was not started');
    expect(own.away).toBeGreaterThan(0.4);
    symlinkSync('/bin/sh', shell);
    await until('it is there', () => own.away === 0, 5);
    own.watch({ ...watched, deadline: seconds() });
    await until('the payload is gone', () => processesWith(watched.mark).length === 0, 5);
  });

  it('leaves no process behind', async () => {
    const own = guard();
    own.watch({ ...payload(), deadline: seconds() + 600 });
    await until('it and its clock run', () => guardsRunning().length >= 2, 5);
    own.close();
    await until('both are gone', () => guardsRunning().length === 0, 5);
  });
});
