import type { IsolationKind } from '../config.js';

/** Where one payload lives. */
export interface PayloadPlace {
  /** Its working directory. */
  job: string;
  /** A directory of its own for temporary files. */
  temporary: string;
}

/** How to start a payload's launcher: a program with arguments, perhaps as another user. */
export interface Launch {
  program: string;
  args: string[];
  uid?: number;
  gid?: number;
  /** What the payload sees as its directory for temporary files. */
  temporary: string;
  /**
   * Where the program runs outside of the isolation that it makes: its own environment. What a payload asks for, as PATH
   * and LD_PRELOAD, must not reach it; the payload's environment then goes to it by descriptor 4, each variable as
   * `--setenv`, name and value, with a NUL after each.
   */
  outside?: Record<string, string>;
}

/** One way to keep payloads apart from the pilot and from each other. */
export interface Isolation {
  readonly kind: IsolationKind;
  /** How many generations below the process that is started the launcher is; up to there nothing gets a SIGTERM. */
  readonly layers: number;
  /** Wraps a launcher. May prepare the place, for example give it to another user. */
  enclose(place: PayloadPlace, launcher: string[]): Launch;
  /** Called when nothing of the payload is left. */
  leave(place: PayloadPlace): void;
}
