import type { Credentials } from '../../src/ce/index.js';

/** What a resource really can. The suite asks for no less, and for no more. */
export interface Abilities {
  /** One-processor runs that it runs at one time under its settings; null when the suite is not alone there. */
  slots: number | null;
  /** Runs beyond its slots that it takes; null when it limits nothing. */
  waiting: number | null;
  /** It ends every process of a run with the run, even one in a session of its own. */
  endsStrays: boolean;
  /** A run has ended when the call that stops it returns; otherwise a while later. */
  stopsAtOnce: boolean;
  /** Who sees that a stamp was accepted before: `submit` even of two at one time; `find` before the caller submits again. */
  duplicates: 'submit' | 'find';
  /** It keeps what a run wrote that was stopped. */
  keepsOutputOfStopped: boolean;
  /** It knows at once that it cannot give what a run needs. */
  refusesTooMuch: boolean;
  /** It has an account of its own of every run. */
  logs: boolean;
  /** Milliseconds within which it shows a change. */
  within: number;
  /** Milliseconds after which a submission that was cut off has come to its end there. */
  settles: number;
}

/** What happens to a resource or to who calls it. Absent parts stay as they are. */
export interface Struck {
  settings?: Record<string, unknown>;
  credentials?: Credentials;
  /** Makes everything well again. */
  undo?: () => Promise<void>;
}

/** The troubles that resources and callers get into. `reference` is that of a run that is running. */
export interface Trouble {
  expiredToken: () => Promise<Struck>;
  wrongAudience: () => Promise<Struck>;
  unknownIssuer: () => Promise<Struck>;
  /** The token allows to create runs and nothing else. */
  onlyCreate: () => Promise<Struck>;
  /** The resource knew the caller, and the site has taken that back. */
  revokedMapping: () => Promise<Struck>;
  /** The certificate of the resource is signed by nobody that is trusted (any more). */
  untrustedServer: () => Promise<Struck>;
  /** Nobody listens. */
  closedPort: () => Promise<Struck>;
  /** It takes connections and never answers. */
  hangs: () => Promise<Struck>;
  /** It ends its replies in the middle. */
  halfReply: () => Promise<Struck>;
  /** Its replies have 100 MB. */
  hugeReply: () => Promise<Struck>;
  /** It accepts the next submission and its reply is lost. */
  lostReply: () => Promise<Struck>;
  /** It takes no more runs. */
  full: () => Promise<Struck>;
  /** It takes two runs of a submission and no more. */
  takesTwo: () => Promise<Struck>;
  /** It says a state of the run that nobody knows. */
  oddState: (reference: string) => Promise<Struck>;
  /** It holds the run, for a reason that nobody knows. */
  oddHold: (reference: string) => Promise<Struck>;
}

/** A resource for the suite to run against: a fake, or a real server. */
export interface Peer {
  /** How titles call it. */
  name: string;
  abilities: Abilities;
  /** Settings that must be refused, with the path of the problem. */
  wrongSettings: { settings: unknown; path: string }[];
  /** Called once before everything else. `folder` is empty and private. */
  start(folder: string): Promise<RunningPeer>;
  /** The troubles that it can be brought into; the others are reported as skipped. */
  trouble: Partial<Trouble>;
}

export interface RunningPeer {
  /** Settings that its abilities are true of. */
  settings: Record<string, unknown>;
  /** Settings under which it takes a hundred runs. */
  roomy: Record<string, unknown>;
  queue: string;
  credentials(): Promise<Credentials>;
  /** Credentials of another VO, which the resource takes for somebody else; absent where it knows nobody. */
  otherCredentials?(): Promise<Credentials>;
  /** Whom the resource took the submitter of a run for. */
  ownerOf?(reference: string): Promise<string>;
  /** A well-formed reference that was never given; `index` makes it one of many. */
  absent(index: number): string;
  /** A folder that runs may write in, as it is called here and as runs call it. */
  scratch: { here: string; there: string };
  stop(): Promise<void>;
}
