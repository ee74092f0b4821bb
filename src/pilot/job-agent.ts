import { type ClaimedJob, type Offer, type PilotCommand, type Transport } from '../contract/index.js';
import { Acknowledgements } from './acknowledgements.js';
import { Claims } from './claims.js';
import { pause, seconds } from './clock.js';
import { guardLeases, sendHeartbeats } from './heartbeats.js';
import { JobWrapper } from './job-wrapper.js';
import { Pool } from './pool.js';
import { serverPatienceSeconds } from './reports.js';
import type { Surroundings } from './surroundings.js';

/** How the pilot's work came to its end. */
export interface Farewell {
  status: 'Done' | 'Failed';
  reason: string;
}

/** Seconds that a stopped pilot waits for its last words to arrive. */
const lastWordsSeconds = 20;

/** Claims jobs and runs them side by side, until work, time or the server's patience with this pilot is over. */
export class JobAgent {
  private readonly pool: Pool;
  private readonly held = new Map<string, JobWrapper>();
  private readonly running = new Set<Promise<void>>();
  private readonly acknowledgements = new Acknowledgements();
  private readonly claims: Claims;
  private readonly transport: Transport;
  private idleSince = seconds();
  /** The server was offered the whole pilot since its last job ended, and had nothing. */
  private offeredAll = false;
  private farewell: Farewell | undefined;
  /** Fires when a job ended, so that the poll is cut short and what became free is offered. */
  private roomier = new AbortController();

  constructor(
    private readonly around: Surroundings,
    transport: Transport,
  ) {
    this.transport = transport;
    const { processors, memory, gpus } = around.node;
    this.pool = new Pool({ processors, memory, gpus });
    this.claims = new Claims(transport, around.log, this.acknowledgements);
  }

  /** Works until there is a reason to end; the signal is one of them and stops the payloads. */
  async run(signal: AbortSignal): Promise<Farewell> {
    const closing = new AbortController();
    const background = [this.heartbeats(closing.signal), this.leases(closing.signal)];
    signal.addEventListener('abort', () => this.stopAll(because(signal)), { once: true });
    try {
      while (!signal.aborted) {
        this.farewell ??= this.reasonToEnd();
        if (this.farewell !== undefined && this.held.size === 0) break;
        await this.round(signal);
      }
      await this.finish(signal);
    } finally {
      closing.abort();
      await Promise.all(background);
    }
    return this.farewell ?? { status: 'Failed', reason: because(signal) };
  }

  private reasonToEnd(): Farewell | undefined {
    const { config, timeLeft } = this.around;
    if (timeLeft.wall < config.minimumSeconds) return { status: 'Done', reason: 'no more time left' };
    if (this.claims.unanswered) return undefined;
    if (this.held.size === 0 && this.offeredAll && seconds() - this.idleSince >= config.idleSeconds) {
      return { status: 'Done', reason: `no job for ${config.idleSeconds} s` };
    }
    return undefined;
  }

  /** One claim, and what follows from it. */
  private async round(signal: AbortSignal): Promise<void> {
    const { config } = this.around;
    const free = this.pool.free;
    const maxJobs = this.farewell === undefined ? Math.min(64, free.processors) : 0;
    const idleLeft = Math.max(0, config.idleSeconds - (seconds() - this.idleSince));
    const wish = {
      offer: this.offer(),
      maxJobs,
      wait: Math.min(config.pollSeconds, this.held.size === 0 ? idleLeft : 20),
    };
    this.roomier = new AbortController();
    const until = AbortSignal.any([signal, this.roomier.signal]);
    const asked = seconds();
    const { unsettled } = this.claims;
    const { wait } = unsettled ?? wish;
    const idle = unsettled === undefined && this.pool.idle && maxJobs > 0;
    const claimed = await this.claims.next(wish, until);
    if (claimed === 'ended') {
      this.onPilotEnded();
      // Payloads are ending; the server would only say it again.
      return pause(0.5, signal);
    }
    if (idle) this.offeredAll = true;
    // The server answers when the poll is over at the latest; what is read later was on its way, or this node slept.
    const leasedFrom = Math.min(seconds(), asked + wait);
    for (const job of claimed.jobs) this.start(job, leasedFrom);
    this.obey(claimed.commands);
    if (claimed.drain) this.farewell ??= { status: 'Done', reason: 'the server asked this pilot to end' };
    // A server that does not wait must not be asked in a tight loop.
    if (claimed.jobs.length === 0 && unsettled === undefined && seconds() - asked < 0.2) await pause(0.5, until);
  }

  private offer(): Offer {
    const { node, power, timeLeft } = this.around;
    const wall = Math.floor(timeLeft.wall);
    return {
      platforms: [node.platform],
      ...this.pool.free,
      cpu_work_left: Math.floor(wall * power),
      wall_left: wall,
      tags: [],
      required_tags: [],
      idle: this.pool.idle,
    };
  }

  private start(job: ClaimedJob, leasedFrom: number): void {
    const key = `${job.job_id}/${job.attempt}`;
    // A repeated claim gives the same jobs again.
    if (this.held.has(key)) return;
    const granted = this.pool.take(key, job);
    const wrapper = new JobWrapper(job, granted?.gpus ?? [], this.around, leasedFrom);
    this.held.set(key, wrapper);
    this.around.log.line(`${wrapper.name}: claimed, ${job.processors} cores, ${job.memory} MB, owner ${job.owner}`);
    if (granted === undefined) wrapper.stop({ kind: 'pilot', because: 'Not enough processors or memory' });
    if (wrapper.lease.mustStop(this.around.config.killGraceSeconds)) wrapper.stop({ kind: 'lease' });
    const run = this.attend(key, wrapper);
    this.running.add(run);
    void run.then(() => this.running.delete(run));
  }

  private async attend(key: string, wrapper: JobWrapper): Promise<void> {
    try {
      await wrapper.run();
    } catch (error) {
      // One job that cannot be tidied up must not take the others with it.
      this.around.log.line(`${wrapper.name}: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      this.held.delete(key);
      this.pool.release(key);
      this.idleSince = seconds();
      this.offeredAll = false;
      this.roomier.abort();
    }
  }

  private obey(commands: readonly PilotCommand[]): void {
    for (const command of commands) {
      const wrapper = this.held.get(`${command.job_id}/${command.attempt}`);
      // A kill may overtake the reply that grants its job; it comes again until it has met the job, or the attempt ends.
      if (wrapper === undefined) continue;
      wrapper.stop({ kind: 'killed' });
      // Its end is certain now: if this pilot dies first, the payload dies with it.
      this.acknowledgements.add(command.command_id);
    }
  }

  private heartbeats(signal: AbortSignal): Promise<void> {
    const { log, config } = this.around;
    return sendHeartbeats(
      {
        transport: this.transport,
        log,
        everySeconds: config.heartbeatSeconds,
        killGraceSeconds: config.killGraceSeconds,
        held: () => [...this.held.values()],
        acknowledgements: this.acknowledgements,
        onCommands: (commands) => this.obey(commands),
        onPilotEnded: () => this.onPilotEnded(),
      },
      signal,
    );
  }

  private leases(signal: AbortSignal): Promise<void> {
    const { guard, config } = this.around;
    const { killGraceSeconds } = config;
    const held = (): JobWrapper[] => [...this.held.values()];
    return guardLeases({ held, killGraceSeconds, guard, onUnguarded: () => this.onUnguarded() }, signal);
  }

  /** A node that cannot run the guard is no place for payloads. */
  private onUnguarded(): void {
    const reason = 'the guard of the payloads could not be started';
    if (this.farewell?.reason !== reason) this.around.log.line(`${reason}; stopping`);
    this.farewell = { status: 'Failed', reason };
    this.stopAll(reason);
    this.roomier.abort();
  }

  private onPilotEnded(): void {
    this.farewell ??= { status: 'Done', reason: 'the server says that this pilot has ended' };
    for (const wrapper of this.held.values()) wrapper.stop({ kind: 'gone' });
    this.roomier.abort();
  }

  private stopAll(because: string): void {
    for (const wrapper of this.held.values()) wrapper.stop({ kind: 'pilot', because });
  }

  private async finish(signal: AbortSignal): Promise<void> {
    const all = Promise.all(this.running);
    const patience = signal.aborted ? this.around.config.killGraceSeconds + lastWordsSeconds : serverPatienceSeconds;
    const over = new AbortController();
    const late = pause(patience, over.signal).then(() => {
      if (!over.signal.aborted) for (const wrapper of this.held.values()) wrapper.silence();
    });
    await all;
    over.abort();
    await late;
  }
}

function because(signal: AbortSignal): string {
  return (signal.reason as Error).message;
}
