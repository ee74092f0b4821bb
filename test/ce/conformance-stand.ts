import { it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type {
  CeCall,
  ComputingElement,
  Credentials,
  OpenableDriver,
  Program,
  RunState,
  RunStatus,
  Submission,
} from '../../src/ce/index.js';
import type { Peer, RunningPeer } from './conformance-peer.js';

/** A fresh stamp. */
export function aStamp(): string {
  return randomBytes(16).toString('hex');
}

/** A shell program. */
export function aProgram(script: string, more: Partial<Program> = {}): Program {
  return { script: `#!/bin/sh\n${script}\n`, arguments: [], environment: {}, files: [], ...more };
}

export const isEnded = (status: RunStatus): boolean => ['done', 'failed', 'stopped', 'unknown'].includes(status);
export const isRunning = (status: RunStatus): boolean => status === 'running';

/** A file that runs write and the suite reads. */
export interface Mark {
  there: string;
  lines(): Promise<string[]>;
}

/** A driver that is opened on its resource, and what the cases need to work with it. */
export class Stand {
  peer!: RunningPeer;
  ce!: ComputingElement;
  folder!: string;
  dataDir!: string;
  private readonly seen = new Set<string>();

  constructor(
    readonly driver: OpenableDriver,
    readonly kind: Peer,
  ) {}

  get can(): Peer['abilities'] {
    return this.kind.abilities;
  }

  /** Declares a case; without `able` it is reported as skipped, with the reason. */
  readonly case = (title: string, body: () => Promise<void>, able: true | string = true): void => {
    const seconds = (this.can.within * 3) / 1000 + 90;
    const declare = able === true ? it : it.skip;
    declare(able === true ? title : `${title} (skipped: ${able})`, body, seconds * 1000);
  };

  async start(): Promise<void> {
    this.folder = await mkdtemp(join(tmpdir(), 'pilotage-ce-'));
    this.dataDir = join(this.folder, 'data');
    const own = join(this.folder, 'peer');
    for (const path of [this.dataDir, own]) await mkdir(path);
    this.peer = await this.kind.start(own);
    this.ce = await this.open();
  }

  /** Another opening of the same resource, under other settings when they are given. */
  open(settings: Record<string, unknown> = this.peer.settings): Promise<ComputingElement> {
    return this.driver.open(settings, { name: 'tested', dataDir: this.dataDir });
  }

  async reopen(): Promise<void> {
    await this.ce.close();
    this.ce = await this.open();
  }

  /** Stops what is left of the runs of a case. */
  async tidy(): Promise<void> {
    await this.ce.stop([...this.seen], await this.call());
    this.seen.clear();
  }

  async end(): Promise<void> {
    await this.ce?.close();
    await this.peer?.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** A call on the peer's credentials that gives up when the resource has had time enough. */
  async call(more: { signal?: AbortSignal; credentials?: Credentials } = {}): Promise<CeCall> {
    return {
      signal: more.signal ?? AbortSignal.timeout(this.can.within + 20_000),
      credentials: more.credentials ?? (await this.peer.credentials()),
    };
  }

  /** A submission of programs under fresh stamps, or the given ones. */
  submission(programs: Program[], stamps = programs.map(aStamp)): Submission {
    return {
      runs: programs.map((program, index) => ({ stamp: stamps[index] ?? aStamp(), program })),
      resources: { processors: 1, memory: 100, gpus: 0, wallSeconds: 600, wholeNode: false },
      queue: this.peer.queue,
      settings: {},
    };
  }

  /** Submits and notes what was accepted, so that it is stopped in the end. */
  async submit(...args: Parameters<ComputingElement['submit']>): ReturnType<ComputingElement['submit']> {
    const outcomes = await this.ce.submit(...args);
    for (const outcome of outcomes.values()) if ('reference' in outcome) this.seen.add(outcome.reference);
    return outcomes;
  }

  /** Starts programs that must all be accepted; their references. */
  async begin(programs: Program[], stamps?: string[], credentials?: Credentials): Promise<string[]> {
    const submission = this.submission(programs, stamps);
    const outcomes = await this.submit(submission, await this.call(credentials === undefined ? {} : { credentials }));
    return submission.runs.map(({ stamp }) => {
      const outcome = outcomes.get(stamp);
      if (outcome === undefined || !('reference' in outcome)) throw new Error(JSON.stringify(outcome));
      return outcome.reference;
    });
  }

  /** The states of references once all of them are as wanted. */
  async until(references: string[], wanted: (status: RunStatus) => boolean): Promise<RunState[]> {
    const giveUp = Date.now() + this.can.within;
    for (;;) {
      const states = await this.ce.states(references, await this.call());
      const found = references.map((reference) => states.get(reference) ?? { status: 'unknown' as const });
      if (found.every(({ status }) => wanted(status))) return found;
      if (Date.now() > giveUp) throw new Error(`still ${JSON.stringify(found)}`);
      await delay(Math.min(1_000, this.can.within / 1_000));
    }
  }

  /** A place for a file that runs write to. */
  mark(): Mark {
    const name = `mark-${aStamp()}`;
    const lines = async (): Promise<string[]> => {
      const text = await readFile(join(this.peer.scratch.here, name), 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return '';
        throw error;
      });
      return text.split('\n').filter((line) => line !== '');
    };
    return { there: join(this.peer.scratch.there, name), lines };
  }

  /** A door that programs wait at: `wait` is a line for their script, and `open` lets them go on. */
  gate(): { wait: string; open: () => Promise<void> } {
    const name = `gate-${aStamp()}`;
    return {
      wait: `until [ -e ${join(this.peer.scratch.there, name)} ]; do sleep 0.05; done`,
      open: () => mkdir(join(this.peer.scratch.here, name)).then(() => undefined),
    };
  }
}
