import { spawnSync } from 'node:child_process';
import { chmodSync, lchownSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { processTable, signal } from '../process-tree.js';
import type { Isolation, Launch, PayloadPlace } from './isolation.js';
import { UidReservations } from './uid-reservations.js';

/** Every payload under a user id of its own, out of a range that the site reserved. Needs a pilot that runs as root. */
export class SeparateUid implements Isolation {
  readonly kind = 'uid';
  readonly layers = 0;
  private readonly inUse = new Map<string, number>();

  private readonly reservations: UidReservations;

  constructor(
    private readonly range: { first: number; last: number },
    directory: string,
  ) {
    this.reservations = new UidReservations(directory);
    // Payloads must be able to pass through to their own directories, and to see nothing else.
    chmodSync(directory, 0o711);
  }

  enclose(place: PayloadPlace, launcher: string[]): Launch {
    const uid = this.freeUid();
    this.inUse.set(place.job, uid);
    // The wrapper's umask lets nobody pass.
    for (const path of [dirname(dirname(place.job)), dirname(place.job)]) chmodSync(path, 0o711);
    for (const path of [place.job, place.temporary]) {
      giveAway(path, uid);
      chmodSync(path, 0o700);
    }
    const [program = '/bin/sh', ...args] = launcher;
    return { program, args, uid, gid: uid, temporary: place.temporary };
  }

  leave(place: PayloadPlace): void {
    const uid = this.inUse.get(place.job);
    if (uid === undefined) return;
    // The kernel kills all of a user's processes at once; one by one, a process that forks all the time would get away.
    for (let round = 0; round < 20; round += 1) {
      spawnSync('/bin/sh', ['-c', 'kill -KILL -1'], { uid, gid: uid, cwd: '/', env: {}, stdio: 'ignore' });
      const left = processTable().filter(({ pid, zombie }) => !zombie && ownerOf(pid) === uid);
      if (left.length === 0) {
        this.inUse.delete(place.job);
        this.reservations.release(uid);
        return;
      }
      for (const { pid } of left) signal(pid, 'SIGKILL');
    }
    // What cannot be killed keeps its user id: nobody else may meet it.
  }

  private freeUid(): number {
    const { first, last } = this.range;
    const uid = this.reservations.take(first, last);
    if (uid !== undefined) return uid;
    throw new Error(`all user ids of PILOTAGE_PILOT_PAYLOAD_UID (${first}-${last}) are in use on this node`);
  }
}

/** Gives a folder and all that was unpacked into it to a user; links themselves, never what they lead to. */
function giveAway(path: string, uid: number): void {
  lchownSync(path, uid, uid);
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const below = join(path, entry.name);
    if (entry.isDirectory()) giveAway(below, uid);
    else lchownSync(below, uid, uid);
  }
}

function ownerOf(pid: number): number | undefined {
  return statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid;
}
