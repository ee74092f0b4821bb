import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, constants, fchownSync, fstatSync, mkdirSync, openSync, readSync } from 'node:fs';
import os from 'node:os';
import { dirname, join, posix } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { pause, seconds } from './clock.js';
import type { Isolation, PayloadPlace } from './isolation/isolation.js';
import type { Guard, Guarded } from './isolation/guard.js';
import { killUntilGone } from './kill-until-gone.js';
import {
  familyOf,
  markedProcesses,
  type ProcessRow,
  processTable,
  proportionalMemory,
  signal,
  usageOf,
  type Usage,
} from './process-tree.js';

/**
 * Runs $1 as a shell command and reports the CPU time of everything that it waited for on descriptor 3. The traps keep
 * the launcher alive when a SIGTERM goes round; unlike ignored signals they are not inherited.
 */
const launcher = `trap : TERM INT HUP
eval "$1" 3>&-
code=$?
times >&3
exit $code`;

/** What to run, and where. */
export interface PayloadOrder {
  /** A shell command. */
  command: string;
  place: PayloadPlace;
  environment: Record<string, string>;
  /** File names below the job's directory; may be the same. */
  stdout: string;
  stderr: string;
  /** `NAME=value` that is in the environment of this payload alone. */
  marker: string;
  isolation: Isolation;
  guard: Guard;
  /** When the guard kills it, by {@link seconds}, unless it is told a later time. */
  deadline: number;
}

/** Seconds until processes that do not go away by SIGKILL are given up. */
const killPatienceSeconds = 5;

/** A running payload: a process in a group of its own, with all that it starts. */
export class Payload {
  readonly startedAt = seconds();
  /** Exit code, 128 + n for signal n; everything that the payload started is gone by then. */
  readonly ended: Promise<number>;
  private most: Usage = { cpu: 0, memory: 0, virtual: 0 };
  private over = false;
  private left: number[] = [];
  private late = false;
  private missed = false;

  private constructor(
    private readonly child: ChildProcess,
    private readonly guarded: Guarded,
    private readonly order: PayloadOrder,
    private readonly outputs: { stdout: number; stderr: number },
  ) {
    this.ended = this.waitForEnd();
  }

  /** Starts a payload. Throws when the process cannot be started or a name of its outputs leaves the directory. */
  static async start(
    order: PayloadOrder,
    temporaryOf: (temporary: string) => Record<string, string>,
  ): Promise<Payload> {
    const { job } = order.place;
    const stdout = openOutput(job, order.stdout);
    const stderr = order.stderr === order.stdout ? stdout : openOutput(job, order.stderr);
    const launch = order.isolation.enclose(order.place, [
      '/bin/sh',
      '-c',
      launcher,
      'pilotage-launcher',
      order.command,
    ]);
    const owner = launch.uid === undefined || launch.gid === undefined ? {} : { uid: launch.uid, gid: launch.gid };
    if (owner.uid !== undefined) for (const file of [stdout, stderr]) fchownSync(file, owner.uid, owner.gid);
    const environment = { ...order.environment, ...temporaryOf(launch.temporary) };
    const settings = launch.outside === undefined ? null : setenvOptions(environment);
    const child = spawn(launch.program, launch.args, {
      cwd: job,
      env: launch.outside ?? environment,
      detached: true,
      stdio: ['ignore', stdout, stderr, 'pipe', ...(settings === null ? [] : ['pipe' as const])],
      ...owner,
    });
    const { deadline, marker: mark } = order;
    const guarded = { group: child.pid ?? 0, deadline, mark, ...(launch.uid === undefined ? {} : { uid: launch.uid }) };
    // At once: a pilot that hangs from here on must not leave it unguarded.
    if (child.pid !== undefined) order.guard.watch(guarded);
    if (settings !== null) sendOptions(child, settings);
    try {
      await new Promise<void>((resolve, reject) => {
        child.once('spawn', resolve);
        child.once('error', reject);
      });
    } catch (error) {
      order.isolation.leave(order.place);
      for (const file of new Set([stdout, stderr])) closeSync(file);
      throw error;
    }
    return new Payload(child, guarded, order, { stdout, stderr });
  }

  /** Moves the moment at which the guard kills it, by {@link seconds}. */
  liveUntil(deadline: number): void {
    // A pilot that hung may read a renewal after the guard has acted.
    if (this.pastDeadline) this.missed = true;
    this.guarded.deadline = deadline;
    if (!this.over) this.order.guard.watch(this.guarded);
  }

  /** Whether it was killed after its deadline: by the guard, while the pilot hung. Known when it has ended. */
  get expired(): boolean {
    return this.late;
  }

  /** Processes of it that could not be killed. Known when it has ended. */
  get leftovers(): readonly number[] {
    return this.left;
  }

  private get pastDeadline(): boolean {
    return seconds() >= this.guarded.deadline;
  }

  private get pid(): number {
    return this.guarded.group;
  }

  get wall(): number {
    return seconds() - this.startedAt;
  }

  /** What the payload uses now; CPU never shrinks, although processes end. */
  usage(): Usage {
    if (this.over) return { ...this.most, virtual: 0 };
    const now = usageOf(this.family());
    this.most = {
      cpu: Math.max(this.most.cpu, now.cpu),
      memory: Math.max(this.most.memory, now.memory),
      virtual: Math.max(this.most.virtual, now.virtual),
    };
    return { ...now, cpu: this.most.cpu };
  }

  /** The most that was seen. */
  get peak(): Usage {
    return this.most;
  }

  /** MB with shared pages counted once; slower than {@link usage}. */
  exactMemory(): number | undefined {
    return proportionalMemory(this.family());
  }

  /** The last lines of the standard output: at most `lines`, and at most 8 KiB. */
  tail(lines = 20): string {
    const size = 8192;
    const end = fstatSync(this.outputs.stdout).size;
    const buffer = Buffer.alloc(Math.min(size, end));
    const read = readSync(this.outputs.stdout, buffer, 0, buffer.length, end - buffer.length);
    const text = buffer.subarray(0, read).toString('utf8');
    return text
      .split('\n')
      .slice(text.endsWith('\n') ? -lines - 1 : -lines)
      .join('\n');
  }

  /** SIGTERM to the whole payload, SIGKILL to what is left after the grace (seconds). Returns when all is gone. */
  async stop(graceSeconds: number): Promise<void> {
    if (this.over) return;
    for (const { pid } of this.belowLauncher()) signal(pid, 'SIGTERM');
    await Promise.race([this.ended, pause(graceSeconds)]);
    if (!this.over) await this.killAll();
    await this.ended;
  }

  /** Frees the outputs. Call it when the tail is of no interest any more. */
  close(): void {
    for (const file of new Set(Object.values(this.outputs))) closeSync(file);
  }

  private async waitForEnd(): Promise<number> {
    const report = this.child.stdio[3] as Readable;
    let times = '';
    report.on('data', (text: Buffer) => (times = (times + text.toString()).slice(0, 1000)));
    const code = await new Promise<number>((resolve) => {
      this.child.once('exit', (exit, by) => resolve(exit ?? 128 + (by === null ? 0 : os.constants.signals[by])));
    });
    this.late = code === 128 + os.constants.signals.SIGKILL && (this.missed || this.pastDeadline);
    // The launcher wrote its report before it ended, but it may not have been read yet.
    await Promise.race([new Promise((resolve) => report.once('close', resolve)), pause(0.5)]);
    this.most.cpu = Math.max(this.most.cpu, childSeconds(times));
    this.left = await this.killAll();
    report.destroy();
    this.over = true;
    this.order.isolation.leave(this.order.place);
    this.order.guard.forget(this.pid);
    return code;
  }

  private family(): ProcessRow[] {
    return familyOf(this.pid, processTable());
  }

  private belowLauncher(): ProcessRow[] {
    const family = this.family();
    let above = new Set([this.pid]);
    const spared = new Set(above);
    for (let generation = 0; generation < this.order.isolation.layers; generation += 1) {
      above = new Set(family.filter(({ parent }) => above.has(parent)).map(({ pid }) => pid));
      for (const pid of above) spared.add(pid);
    }
    return family.filter(({ pid }) => !spared.has(pid));
  }

  /** Kills all that it started; gives what could not be killed. */
  private killAll(): Promise<number[]> {
    signal(-this.pid, 'SIGKILL');
    return killUntilGone(() => {
      const family = this.family().filter(({ zombie }) => !zombie);
      const strays = this.order.isolation.kind === 'bubblewrap' ? [] : markedProcesses(this.order.marker);
      return [...new Set([...family.map(({ pid }) => pid), ...strays])];
    }, killPatienceSeconds);
  }
}

/** Variables as options of bubblewrap. A NUL in one would begin another option, which the payload must not choose. */
function setenvOptions(environment: Record<string, string>): string {
  const words = Object.entries(environment).flatMap(([name, value]) => ['--setenv', name, value]);
  if (words.some((word) => word.includes('\0'))) throw new Error('a variable of the environment holds a NUL');
  return words.map((word) => `${word}\0`).join('');
}

function sendOptions(child: ChildProcess, options: string): void {
  const pipe = child.stdio[4] as Writable;
  // A program that ends before it has read them says why by its exit code.
  pipe.on('error', () => undefined);
  pipe.end(options);
}

/** Opens an output of the payload below its directory. Never through a link, which may lead elsewhere. */
function openOutput(job: string, name: string): number {
  const clean = posix.normalize(name);
  if (posix.isAbsolute(clean) || clean === '..' || clean.startsWith('../')) {
    throw new Error(`"${name}" is not a file name inside the job's directory`);
  }
  const path = join(job, clean);
  mkdirSync(dirname(path), { recursive: true });
  const { O_RDWR, O_CREAT, O_APPEND, O_NOFOLLOW } = constants;
  return openSync(path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW, 0o644);
}

/** CPU seconds of the second line that `times` prints: `1m2.30s 0m0.50s`, user and system of the children. */
export function childSeconds(times: string): number {
  const line = times.split('\n')[1] ?? '';
  return [...line.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, rest]) => sum + Number(minutes) * 60 + Number(rest),
    0,
  );
}
