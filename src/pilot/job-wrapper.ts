import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { httpsTransport, Unreachable } from '../client/index.js';
import { type ClaimedJob, type Metrics, minor } from '../contract/index.js';
import { type Ending, endingOfExit, endingOfStop, failed, type StopReason } from './ending.js';
import { quoted, resolveExecutable } from './executable.js';
import { fetchInputs } from './inputs.js';
import type { PayloadPlace } from './isolation/isolation.js';
import { Lease } from './lease.js';
import { freeDisk } from './node-probe.js';
import { isClosed } from './closed-storage.js';
import { findOutputs, outputFailure, uploadOutputs } from './outputs.js';
import { Payload } from './payload.js';
import { payloadEnvironment } from './payload-environment.js';
import { removeFolder } from './remove-folder.js';
import { Reports } from './reports.js';
import type { Surroundings } from './surroundings.js';
import { watch } from './watching.js';

/** Runs one attempt of one job: inputs, payload, outputs, and the word about its end. */
export class JobWrapper {
  readonly lease: Lease;
  readonly name: string;
  private readonly place: PayloadPlace;
  private readonly transfer: string;
  private readonly reports: Reports;
  private readonly stopping = new AbortController();
  /** Fires when there is nobody to talk to any more: the attempt is gone, or the pilot cannot wait longer. */
  private readonly silent = new AbortController();
  /** Fires when inputs and outputs are of no use any more. */
  private readonly hurry = new AbortController();
  private reason: StopReason | undefined;
  private payload: Payload | undefined;
  private parameters: Record<string, string> = {};

  constructor(
    readonly claimed: ClaimedJob,
    private readonly gpus: number[],
    private readonly around: Surroundings,
    /** When its lease can have begun at the latest, by {@link seconds}. */
    leasedFrom: number,
  ) {
    this.name = `job ${claimed.job_id} attempt ${claimed.attempt}`;
    this.lease = new Lease(claimed.lease_seconds, leasedFrom);
    const own = join(around.config.directory, 'jobs', `${claimed.job_id}-${claimed.attempt}`);
    this.place = { job: join(own, 'job'), temporary: join(own, 'tmp') };
    this.transfer = join(own, 'transfer');
    this.reports = new Reports(
      httpsTransport(around.connection, () => claimed.token),
      {
        log: around.log,
        name: this.name,
        signal: this.silent.signal,
        onGone: () => this.stop({ kind: 'gone' }),
      },
    );
  }

  /** Stops the attempt; the first reason counts, except that `gone` beats all. The payload is ended at once. */
  stop(reason: StopReason): void {
    if (this.reason === undefined || reason.kind === 'gone') this.reason = reason;
    if (reason.kind === 'gone') this.silent.abort(new Error('the attempt has ended'));
    if (reason.kind !== 'limit') this.hurry.abort(new Error(`stopped: ${reason.kind}`));
    if (this.stopping.signal.aborted) return;
    this.around.log.line(`${this.name}: stopping (${reason.kind})`);
    this.stopping.abort(new Error(`stopped: ${reason.kind}`));
  }

  /** The server renewed the lease; see {@link Lease.renew}. */
  renew(leaseSeconds: number, from: number): void {
    this.lease.renew(leaseSeconds, from);
    this.payload?.liveUntil(this.lease.deadline);
  }

  /** Gives up telling the server anything. */
  silence(): void {
    this.silent.abort(new Error('the pilot cannot wait longer'));
  }

  /** What heartbeats say of the payload. */
  metrics(): Metrics {
    if (this.payload === undefined) return {};
    const { cpu, memory, virtual } = this.payload.usage();
    return {
      CPUConsumed: cpu,
      MemoryUsed: Math.round(this.payload.exactMemory() ?? memory),
      Vsize: Math.round(virtual),
      WallClockTime: Math.round(this.payload.wall),
      AvailableDiskSpace: freeDisk(this.around.config.directory),
      StandardOutput: this.payload.tail(),
    };
  }

  /** Runs the attempt. Resolves when its payload is gone and its end was told, or need not be told. */
  async run(): Promise<void> {
    let ending: Ending | undefined;
    try {
      if (this.reason === undefined) ending = await this.work();
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      ending = failed('infrastructure', minor.initialization, detail);
      this.around.log.line(`${this.name}: ${detail}`);
    }
    if (this.reason !== undefined) ending = endingOfStop(this.reason);
    try {
      if (ending !== undefined) await this.tell(ending);
    } catch (error) {
      this.around.log.line(
        `${this.name}: its end was not told: ${error instanceof Error ? error.message : String(error)}`,
      );
    } finally {
      this.payload?.close();
      removeFolder(join(this.place.job, '..'));
    }
  }

  private async tell(ending: Ending): Promise<void> {
    const told = await this.reports.end({ ...ending, parameters: this.parameters });
    const code = ending.exit_code === undefined ? '' : `, exit code ${ending.exit_code}`;
    this.around.log.line(
      `${this.name}: ${ending.outcome}, ${ending.minor_status}${code}${told ? '' : ' (not wanted any more)'}`,
    );
  }

  private async work(): Promise<Ending | undefined> {
    for (const path of [this.place.job, this.place.temporary, this.transfer])
      mkdirSync(path, { recursive: true, mode: 0o755 });
    this.reports.report({ status: 'Running', minor_status: minor.initialization, parameters: this.nodeParameters() });
    if (this.claimed.description.input_sandbox.length > 0) {
      const trouble = await this.bringInputs();
      if (trouble !== undefined || this.reason !== undefined) return trouble;
    }
    const started = await this.start();
    if (!(started instanceof Payload)) return started;
    const code = await this.attend(started);
    this.parameters = { ...this.parameters, ...this.usageParameters(started) };
    if (this.reason !== undefined && this.reason.kind !== 'limit') return undefined;
    const ending = this.reason === undefined ? endingOfExit(code) : endingOfStop(this.reason);
    if (code !== 0 || ending === undefined) {
      this.reports.report({ status: 'Completing', minor_status: minor.applicationErrors });
    } else this.reports.report({ status: 'Completing', minor_status: minor.applicationOk });
    const trouble = await this.bringOutputs();
    return trouble !== undefined && ending?.outcome === 'done' ? trouble : ending;
  }

  private async bringInputs(): Promise<Ending | undefined> {
    this.reports.report({ minor_status: minor.downloadingInputs });
    try {
      const { connection } = this.around;
      const { transport } = this.reports;
      await fetchInputs({
        connection,
        transport,
        transfer: this.transfer,
        job: this.place.job,
        signal: this.hurry.signal,
      });
      return undefined;
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      this.around.log.line(`${this.name}: inputs: ${detail}`);
      // A network or a disk that fails is not the owner's doing.
      const { code } = error as NodeJS.ErrnoException;
      const own = error instanceof Unreachable || code === 'ENOSPC' || isClosed(error);
      return failed(own ? 'infrastructure' : 'input', minor.inputFailed, detail);
    }
  }

  private async start(): Promise<Payload | Ending> {
    // A pilot that hung over the inputs must not begin what may be another's by now.
    if (this.late) this.stop({ kind: 'lease' });
    if (this.reason !== undefined) return failed('infrastructure', minor.initialization, 'stopped before it began');
    const { description } = this.claimed;
    const mark = randomUUID();
    const environment = payloadEnvironment(this.claimed, {
      inherited: this.around.config.environment,
      job: this.place.job,
      temporary: this.place.temporary,
      gpus: this.gpus,
      marks: { ...this.around.mark, PILOTAGE_ATTEMPT_MARK: mark },
    });
    const executable = resolveExecutable(description.executable, this.place.job, environment);
    if (executable === undefined) {
      const detail = `there is no executable "${description.executable}" in the job's directory or on PATH`;
      return failed('payload', minor.applicationNotFound, detail);
    }
    this.reports.report({ minor_status: minor.application });
    const order = {
      // The arguments are shell text, as in DIRAC: quotes, patterns and variables in them work.
      command: `${quoted(executable)} ${description.arguments}`,
      place: this.place,
      environment,
      stdout: description.stdout,
      stderr: description.stderr,
      marker: `PILOTAGE_ATTEMPT_MARK=${mark}`,
      isolation: this.around.isolation,
      guard: this.around.guard,
      deadline: this.lease.deadline,
    };
    try {
      this.payload = await Payload.start(order, (temporary) => ({ TMPDIR: temporary }));
      // Perhaps it was renewed meanwhile.
      this.payload.liveUntil(this.lease.deadline);
      return this.payload;
    } catch (error) {
      return failed('payload', minor.applicationErrors, error instanceof Error ? error.message : String(error));
    }
  }

  /** Watches the payload to its end, which the watchdog or a stop may bring about. */
  private async attend(payload: Payload): Promise<number> {
    const over = new AbortController();
    void payload.ended.then(() => over.abort());
    watch(
      payload,
      { claimed: this.claimed, around: this.around, folder: this.place.job, signal: over.signal },
      (verdict) => {
        this.around.log.line(`${this.name}: ${verdict.minor}: ${verdict.detail}`);
        // A pilot that hung sees the limit late; then it is the lease that counts.
        this.stop(this.late ? { kind: 'lease' } : { kind: 'limit', verdict });
      },
    );
    const stop = (): void => void payload.stop(this.lease.graceSeconds(this.around.config.killGraceSeconds));
    if (this.stopping.signal.aborted) stop();
    else this.stopping.signal.addEventListener('abort', stop, { once: true });
    const code = await payload.ended;
    if (payload.expired) this.stop({ kind: 'lease' });
    if (payload.leftovers.length > 0) {
      const pids = payload.leftovers.join(', ');
      this.around.log.line(`${this.name}: could not be killed: processes ${pids}`);
      this.parameters['ProcessesNotKilled'] = pids;
    }
    return code;
  }

  /** Whether its lease leaves no time for a payload. */
  private get late(): boolean {
    return this.lease.mustStop(this.around.config.killGraceSeconds);
  }

  private async bringOutputs(): Promise<Ending | undefined> {
    const { output_sandbox: wanted } = this.claimed.description;
    if (wanted.length === 0) return undefined;
    this.reports.report({ minor_status: minor.uploadingOutputs });
    try {
      const found = await findOutputs(this.place.job, wanted);
      if (found.missing.length > 0)
        this.parameters['OutputSandboxMissingFiles'] = found.missing.join(', ').slice(0, 65_535);
      const { connection } = this.around;
      const { transport } = this.reports;
      await uploadOutputs(found, {
        connection,
        transport,
        transfer: this.transfer,
        job: this.place.job,
        signal: this.hurry.signal,
      });
      return undefined;
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      this.around.log.line(`${this.name}: outputs: ${detail}`);
      this.parameters['OutputSandboxError'] = detail.slice(0, 1000);
      return failed(outputFailure(error), minor.outputFailed, detail);
    }
  }

  private nodeParameters(): Record<string, string> {
    const { node, power, config } = this.around;
    return {
      HostName: node.hostname,
      ModelName: node.cpuModel,
      LocalAccount: node.account,
      CPUNormalizationFactor: String(power),
      NumberOfProcessors: String(this.claimed.processors),
      Pilot_Reference: config.stamp,
    };
  }

  private usageParameters(payload: Payload): Record<string, string> {
    const { cpu, memory } = payload.peak;
    return {
      'WallClockTime(s)': payload.wall.toFixed(1),
      'TotalCPUTime(s)': cpu.toFixed(2),
      'NormCPUTime(s)': (cpu * this.around.power).toFixed(2),
      'MemoryUsed(MB)': memory.toFixed(0),
    };
  }
}
