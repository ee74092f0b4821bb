import type { ComputingElementError } from './errors.js';

/** What a run executes. It knows nothing of jobs or pilots. */
export interface Program {
  /** Text of an executable file, with its `#!` line. It may hold secrets: keep it in files of mode 0600 or 0700. */
  script: string;
  arguments: string[];
  environment: Record<string, string>;
  /** Files that stand beside the script in the run's working folder; plain names. */
  files: { name: string; content: string }[];
}

/** What each run of a batch needs. Memory in MB for the whole run, wall time in seconds. */
export interface Resources {
  processors: number;
  memory: number;
  gpus: number;
  wallSeconds: number;
  wholeNode: boolean;
}

/** Runs to start, alike in what they need. The stamp is the caller's name for a run: 32 hexadecimal digits. */
export interface Submission {
  runs: { stamp: string; program: Program }[];
  resources: Resources;
  queue: string;
  /** The queue's own settings in the configuration. */
  settings: Record<string, unknown>;
}

/**
 * Who calls: nobody, a bearer token (with an X.509 proxy where the resource's accounting wants one beside it), or a
 * certificate: PEM of the chain and its private key, of a client or of a proxy. Never kept by the driver after the call.
 */
export type Credentials =
  { kind: 'none' } | { kind: 'token'; token: string; proxy?: string } | { kind: 'certificate'; certificate: string };

/** Comes with every call: when to give up, and on whose behalf. */
export interface CeCall {
  signal: AbortSignal;
  credentials: Credentials;
}

export const runStatuses = ['waiting', 'running', 'done', 'failed', 'stopped', 'unknown'] as const;
/**
 * `done` ended with exit code 0, `failed` with another or was lost, `stopped` by us or the resource's operator;
 * `unknown` the resource has no such run (any more).
 */
export type RunStatus = (typeof runStatuses)[number];

export interface RunState {
  status: RunStatus;
  exitCode?: number;
  /** One line for people, where the resource gives one. */
  reason?: string;
  /** The resource's own word for the state, codes included. */
  native?: string;
  /**
   * The resource holds the run back and keeps it until somebody releases or stops it. While it is `waiting` or `running` it
   * may go on by itself; one that is `failed` never will.
   */
  held?: true;
}

export type SubmitOutcome = { reference: string } | { error: ComputingElementError };
/** `gone`: had ended before, or is not known. */
export type StopOutcome = 'stopped' | 'gone' | { error: ComputingElementError };

/** What the resource holds of our own runs, in runs. */
export interface Capacity {
  waiting: number;
  running: number;
  /** How many more runs a submission would be granted now; absent when the resource does not say. */
  freeSlots?: number;
}

export interface RunOutput {
  stdout: string;
  stderr: string;
}

/** Most bytes that {@link ComputingElement.output} returns of each stream; of longer ones it is the end. */
export const outputLimit = 1_048_576;

/** One thing that a resource was asked about itself. `unclear`: its answer fits several causes, and the message names them. */
export interface Finding {
  subject: string;
  verdict: 'ok' | 'wrong' | 'unclear';
  /** One line; of what is wrong it says what to do. */
  message: string;
}

/**
 * A place that starts programs. Bulk in, an outcome per item out. Every call may be repeated, takes an abort signal, and
 * throws {@link ComputingElementError} when nothing at all could be done, or the signal's reason.
 */
export interface ComputingElement {
  /** Starts runs. A stamp that was accepted before gives the same reference and runs once. */
  submit(submission: Submission, call: CeCall): Promise<Map<string, SubmitOutcome>>;
  /** The references of the runs that exist for these stamps. Stamps without a run are absent. */
  find(stamps: readonly string[], call: CeCall): Promise<Map<string, string>>;
  /** The state of every reference; of one that the resource does not know, `unknown`. */
  states(references: readonly string[], call: CeCall): Promise<Map<string, RunState>>;
  /** Stops runs with all their processes. Stopping one that has ended is no error. */
  stop(references: readonly string[], call: CeCall): Promise<Map<string, StopOutcome>>;
  /** What the queue holds of our own runs. */
  capacity(queue: string, call: CeCall): Promise<Capacity>;
  /** What a run wrote, bounded by {@link outputLimit}; null when the resource does not keep it (any more). */
  output(reference: string, call: CeCall): Promise<RunOutput | null>;
  /** The resource's own account of a run, at most {@link outputLimit} bytes, the end of it; null when it has none. */
  log(reference: string, call: CeCall): Promise<string | null>;
  /** What the resource says to these credentials and this queue. Starts nothing. */
  check(queue: string, call: CeCall): Promise<Finding[]>;
  /** Forgets ended runs and frees what they hold. Runs that have not ended stay. */
  clean(references: readonly string[], call: CeCall): Promise<void>;
  /** Frees what this object holds. Runs go on. */
  close(): Promise<void>;
}
