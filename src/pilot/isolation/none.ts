import type { Isolation, Launch, PayloadPlace } from './isolation.js';

/** Payloads as plain processes of the pilot's own user. Only the guard sees to it that they die with the pilot. */
export class NoIsolation implements Isolation {
  readonly kind = 'none';
  readonly layers = 0;

  enclose(place: PayloadPlace, launcher: string[]): Launch {
    const [program = '/bin/sh', ...args] = launcher;
    return { program, args, temporary: place.temporary };
  }

  leave(): void {
    // Nothing was prepared.
  }
}
