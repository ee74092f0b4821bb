import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Program, RunOutput, RunState, Submission } from '../../computing-element.js';
import { Guard } from './guard.js';
import {
  allProcesses,
  bootId,
  factsOf,
  familyOf,
  type ProcessFacts,
  type ProcessName,
  signal as send,
  workingBelow,
} from './processes.js';
import { type RunFacts, RunFolder } from './run-folder.js';
import { runnerScript } from './runner.js';

export interface LocalRunsOptions {
  /** Processors that runs may use at one time. */
  slots: number;
  folder: string;
  maxWaiting: number;
  stopGraceSeconds: number;
  environment: Record<string, string>;
}

/** A run that has not been seen to end. */
interface OpenRun {
  stamp: string;
  facts: RunFacts;
  state: RunState;
}

/**
 * The runs of a folder. `runs/<stamp>` holds a run, `open/<stamp>` marks one that has not been seen to end, so that only
 * those are looked at. Callers hold the guard ({@link alone}).
 */
export class LocalRuns {
  private readonly guard: Guard;
  private ready: Promise<void> | null = null;
  private closed = false;
  private readonly filling = new Set<Promise<void>>();

  constructor(private readonly options: LocalRunsOptions) {
    this.guard = new Guard(options.folder);
  }

  async alone<T>(signal: AbortSignal, body: () => Promise<T>): Promise<T> {
    this.ready ??= this.prepare().catch((error: unknown) => {
      this.ready = null;
      throw error;
    });
    await this.ready;
    return this.guard.hold(signal, body);
  }

  async exists(stamp: string): Promise<boolean> {
    return (await this.folderOf(stamp).read()) !== null;
  }

  /** Makes a run that waits for its slot. */
  async add(stamp: string, program: Program, { resources, queue }: Submission): Promise<void> {
    // The mark comes first: a run without one would never start, a mark without a run is taken away.
    await writeFile(this.markOf(stamp), '');
    await this.folderOf(stamp).create(program, {
      arguments: program.arguments,
      environment: program.environment,
      processors: resources.processors,
      queue,
      submittedAt: Date.now(),
    });
  }

  /** Looks after the runs: marks ended ones, kills those whose grace is over, starts waiting ones in order. */
  async tend(): Promise<void> {
    const open = await this.openRuns();
    await this.killOverdue(open);
    let free = this.options.slots - processorsOf(open.filter(({ state }) => state.status === 'running'));
    for (const run of open.filter(({ state }) => state.status === 'waiting')) {
      // In order: a wide run is not overtaken for ever by narrow ones.
      if (run.facts.plan.processors > free) break;
      await this.start(run);
      free -= run.facts.plan.processors;
    }
  }

  async count(): Promise<{ waiting: number; running: number }> {
    const open = await this.openRuns();
    const waiting = open.filter(({ state }) => state.status === 'waiting').length;
    return { waiting, running: open.length - waiting };
  }

  async freeProcessors(): Promise<number> {
    const open = await this.openRuns();
    return Math.max(0, this.options.slots - processorsOf(open.filter(({ state }) => state.status === 'running')));
  }

  async state(stamp: string): Promise<RunState> {
    const facts = await this.folderOf(stamp).read();
    return facts === null ? { status: 'unknown' } : this.stateOf(stamp, facts);
  }

  /** Asks a run to end; false when it had ended before. */
  async askToStop(stamp: string): Promise<boolean> {
    const { status } = await this.state(stamp);
    if (status !== 'waiting' && status !== 'running') return false;
    await this.folderOf(stamp).askToStop();
    if (status === 'running') await send(await this.family(stamp), 'SIGTERM');
    return true;
  }

  /** Returns when none of the runs has a process any more; kills what is left after the grace. */
  async waitUntilStopped(stamps: readonly string[], signal: AbortSignal): Promise<void> {
    const killAt = Date.now() + this.options.stopGraceSeconds * 1000;
    for (;;) {
      const families = await Promise.all(stamps.map((stamp) => this.family(stamp)));
      const left = families.flat();
      if (left.length === 0) return;
      if (Date.now() >= killAt) await send(left, 'SIGKILL');
      await delay(50, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }

  async output(stamp: string): Promise<RunOutput> {
    const folder = this.folderOf(stamp);
    return { stdout: await folder.tail('stdout'), stderr: await folder.tail('stderr') };
  }

  /** Forgets a run, unless it has not ended. */
  async clean(stamp: string): Promise<void> {
    const { status } = await this.state(stamp);
    if (status === 'waiting' || status === 'running') return;
    await this.folderOf(stamp).remove();
    await rm(this.markOf(stamp), { force: true });
  }

  async close(): Promise<void> {
    this.closed = true;
    await Promise.all(this.filling);
  }

  private async prepare(): Promise<void> {
    for (const name of ['runs', 'open']) {
      await mkdir(join(this.options.folder, name), { recursive: true, mode: 0o700 });
    }
    // By rename: a shell may be reading the old one.
    const draft = join(this.options.folder, `runner.${randomUUID()}`);
    await writeFile(draft, runnerScript, { mode: 0o700 });
    await rename(draft, join(this.options.folder, 'runner.sh'));
  }

  private folderOf(stamp: string): RunFolder {
    return new RunFolder(join(this.options.folder, 'runs', stamp));
  }

  private markOf(stamp: string): string {
    return join(this.options.folder, 'open', stamp);
  }

  /** Runs that wait or run, oldest first. Takes away the marks of the others. */
  private async openRuns(): Promise<OpenRun[]> {
    const open: OpenRun[] = [];
    for (const stamp of await readdir(join(this.options.folder, 'open'))) {
      const facts = await this.folderOf(stamp).read();
      const state = facts === null ? null : await this.stateOf(stamp, facts);
      if (facts !== null && (state?.status === 'waiting' || state?.status === 'running')) {
        open.push({ stamp, facts, state });
      } else await rm(this.markOf(stamp), { force: true });
    }
    return open.sort((a, b) => a.facts.plan.submittedAt - b.facts.plan.submittedAt || (a.stamp < b.stamp ? -1 : 1));
  }

  private async stateOf(stamp: string, facts: RunFacts): Promise<RunState> {
    const asked = facts.stopSince !== null;
    if (facts.process === null) return asked ? { status: 'stopped' } : { status: 'waiting' };
    if (facts.exitCode === null && (await this.isAlive(stamp, facts.process))) return { status: 'running' };
    // It may have ended between the two looks.
    const exitCode = facts.exitCode ?? (await this.folderOf(stamp).read())?.exitCode ?? null;
    if (asked) return { status: 'stopped', ...(exitCode === null ? {} : { exitCode }) };
    if (exitCode === null)
      return { status: 'failed', reason: 'Its processes vanished: killed, or the machine restarted' };
    if (exitCode === 0) return { status: 'done', exitCode };
    return { status: 'failed', exitCode, reason: `Exit code ${exitCode}` };
  }

  private async isAlive(stamp: string, leader: ProcessName): Promise<boolean> {
    const boot = await bootId();
    if (leader.boot === boot && (await factsOf(leader.pid))?.start === leader.start) return true;
    return (await this.family(stamp)).length > 0;
  }

  /** Every process of a run: its session, what that started, and what works in its folder. */
  private async family(stamp: string): Promise<ProcessFacts[]> {
    const folder = this.folderOf(stamp);
    const leader = (await folder.read())?.process ?? null;
    if (leader === null) return [];
    const processes = await allProcesses();
    const family = familyOf(leader, await bootId(), processes);
    const strays = await workingBelow(folder.path, processes);
    return [...new Map([...family, ...strays].map((member) => [member.pid, member])).values()];
  }

  /** Somebody asked for the end of a run and did not stay to see it. */
  private async killOverdue(open: readonly OpenRun[]): Promise<void> {
    const latest = Date.now() - this.options.stopGraceSeconds * 1000;
    for (const { stamp, facts, state } of open) {
      if (state.status !== 'running' || facts.stopSince === null || facts.stopSince > latest) continue;
      await send(await this.family(stamp), 'SIGKILL');
    }
  }

  /** Starts a run and returns when its runner has claimed it. */
  private async start({ stamp, facts }: OpenRun): Promise<void> {
    const folder = this.folderOf(stamp);
    const child = spawn('/bin/sh', [join(this.options.folder, 'runner.sh'), folder.path, ...facts.plan.arguments], {
      cwd: folder.path,
      detached: true,
      stdio: 'ignore',
      env: {
        PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin`,
        HOME: homedir(),
        LANG: 'C.UTF-8',
        ...this.options.environment,
        ...facts.plan.environment,
      },
    });
    child.unref();
    let ended = false;
    const failure = new Promise<never>((_, reject) => child.once('error', reject));
    child.once('exit', () => (ended = true));
    const claimed = async (): Promise<void> => {
      while (!ended && (await folder.read())?.process === null) await delay(5);
    };
    await Promise.race([claimed(), failure]);
    // A runner that could not claim its run gets its next chance with the next call.
    if (!ended) child.once('exit', () => this.fillFreedSlot());
  }

  /** A run of ours ended, so the next one need not wait for the next call. */
  private fillFreedSlot(): void {
    if (this.closed) return;
    const filling = this.alone(AbortSignal.timeout(10_000), () => this.tend())
      // The next call meets the same trouble and reports it.
      .catch(() => undefined)
      .finally(() => this.filling.delete(filling));
    this.filling.add(filling);
  }
}

function processorsOf(runs: readonly OpenRun[]): number {
  return runs.reduce((sum, { facts }) => sum + facts.plan.processors, 0);
}
