import { chmodSync, chownSync, statSync } from 'node:fs';
import { processTable, signal } from '../process-tree.js';
import type { Isolation, Launch, PayloadPlace } from './isolation.js';

/** Every payload under a user id of its own, out of a range that the site reserved. Needs a pilot that runs as root. */
export class SeparateUid implements Isolation {
  readonly kind = 'uid';
  readonly layers = 0;
  private readonly inUse = new Map<string, number>();

  constructor(
    private readonly range: { first: number; last: number },
    directory: string,
  ) {
    // Payloads must be able to pass through to their own directories, and to see nothing else.
    chmodSync(directory, 0o711);
  }

  enclose(place: PayloadPlace, launcher: string[]): Launch {
    const uid = this.freeUid();
    this.inUse.set(place.job, uid);
    for (const path of [place.job, place.temporary]) {
      chownSync(path, uid, uid);
      chmodSync(path, 0o700);
    }
    const [program = '/bin/sh', ...args] = launcher;
    return { program, args, uid, gid: uid, temporary: place.temporary };
  }

  leave(place: PayloadPlace): void {
    const uid = this.inUse.get(place.job);
    if (uid === undefined) return;
    for (const { pid } of processTable()) if (ownerOf(pid) === uid) signal(pid, 'SIGKILL');
    this.inUse.delete(place.job);
  }

  private freeUid(): number {
    const busy = new Set(this.inUse.values());
    for (let uid = this.range.first; uid <= this.range.last; uid += 1) if (!busy.has(uid)) return uid;
    throw new Error(`all user ids of PILOTAGE_PILOT_PAYLOAD_UID (${this.range.first}-${this.range.last}) are in use`);
  }
}

function ownerOf(pid: number): number | undefined {
  return statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid;
}
