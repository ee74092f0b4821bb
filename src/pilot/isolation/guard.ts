import { type ChildProcess, spawn } from 'node:child_process';
import { seconds } from '../clock.js';
import { guardScript } from './guard-script.js';

/** What the guard must know. */
export interface GuardSettings {
  /** `NAME=value`, in the environment of every payload. */
  marker: string;
  wrapperPid: number;
  directory: string;
  /** Hears why there is no guard. */
  tell: (why: string) => void;
  /** The shell that runs it. */
  shell?: string;
}

/** One payload, as the guard sees it. */
export interface Guarded {
  /** Its process group. */
  group: number;
  /** When the guard kills it although the pilot lives, by {@link seconds}. */
  deadline: number;
  /** `NAME=value`, in the environment of this payload alone. */
  mark: string;
  /** The user id that this payload alone has. */
  uid?: number;
}

/** Seconds that a guard must have lived to be relied upon; one that ends earlier is not started again at once. */
const trialSeconds = 1;

/**
 * Sees to it that payloads die with the pilot, and before their leases end: a shell in a session of its own that reads
 * lines from the pilot. When the pilot dies, even by kill -9, the pipe ends; the guard then kills the groups of all
 * payloads, and whatever still carries the marker in its environment because it left its group. When a deadline passes,
 * because the pilot hangs and does not move it, the guard does so to that payload. It also removes the pilot's directory
 * when the wrapper script, whose duty that is, is gone. Started again when something kills it or no process can be made.
 */
export class Guard {
  private readonly payloads = new Map<number, Guarded>();
  private child: ChildProcess | undefined;
  private startedAt = 0;
  private downSince: number | undefined = seconds();
  private again: NodeJS.Timeout | undefined;
  private closing = false;

  constructor(private readonly settings: GuardSettings) {
    this.start();
  }

  /** Seconds for which there has been no guard; 0 while there is one. */
  get away(): number {
    if (this.child !== undefined && seconds() - this.startedAt > trialSeconds) this.downSince = undefined;
    return this.downSince === undefined ? 0 : seconds() - this.downSince;
  }

  /** Watches a payload from now on, or changes what is known of it. */
  watch(payload: Guarded): void {
    this.payloads.set(payload.group, payload);
    this.send(payload);
  }

  forget(group: number): void {
    this.payloads.delete(group);
    this.child?.stdin?.write(`forget ${group}\n`);
  }

  /** Ends the guard; no payload may be left. */
  close(): void {
    this.closing = true;
    clearTimeout(this.again);
    this.child?.stdin?.end('bye\n');
  }

  private start(): void {
    const { marker, wrapperPid, directory, shell = '/bin/sh' } = this.settings;
    this.startedAt = seconds();
    try {
      const child = spawn(shell, ['-c', guardScript, 'pilotage-guard', marker, String(wrapperPid), directory], {
        detached: true,
        stdio: ['pipe', 'ignore', 'ignore'],
        cwd: '/',
        env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
      });
      this.child = child;
      child.unref();
      child.stdin?.on('error', () => undefined);
      child.once('exit', (code, signal) => this.restart(child, `ended (${signal ?? `exit code ${code}`})`));
      child.once('error', (error) => this.restart(child, `was not started: ${error.message}`));
    } catch (error) {
      this.restart(undefined, `was not started: ${error instanceof Error ? error.message : String(error)}`);
    }
    for (const payload of this.payloads.values()) this.send(payload);
  }

  private restart(child: ChildProcess | undefined, why: string): void {
    if (this.closing || (child !== undefined && child !== this.child)) return;
    const proven = child !== undefined && this.away === 0;
    this.child = undefined;
    this.downSince ??= seconds();
    this.settings.tell(`the guard ${why}; starting it again`);
    if (proven) return this.start();
    this.again = setTimeout(() => this.start(), trialSeconds * 500);
  }

  private send({ group, deadline, mark, uid }: Guarded): void {
    this.child?.stdin?.write(`watch ${group} ${Math.floor(deadline * 100)} ${uid ?? '-'} ${mark}\n`);
  }
}
