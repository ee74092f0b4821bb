import type {
  Capacity,
  CeCall,
  ComputingElement,
  Finding,
  RunOutput,
  RunState,
  StopOutcome,
  Submission,
  SubmitOutcome,
} from '../../computing-element.js';
import { ComputingElementError } from '../../errors.js';
import { classifyLocalError } from './classify-local-error.js';
import { LocalRuns, type LocalRunsOptions } from './local-runs.js';

const stampPattern = /^[0-9a-f]{32}$/;
const plainName = /^(?!program$)[A-Za-z0-9_][A-Za-z0-9._-]*$/;

/**
 * Runs are processes of this machine, each leader of a session of its own, so they survive the agents. All that is known
 * of them stands in files: any process that opens the same folder sees the same runs. The reference of a run is its stamp.
 */
export class LocalComputingElement implements ComputingElement {
  private readonly runs: LocalRuns;

  constructor(private readonly options: LocalRunsOptions) {
    this.runs = new LocalRuns(options);
  }

  submit(submission: Submission, { signal }: CeCall): Promise<Map<string, SubmitOutcome>> {
    return this.guarded(signal, async () => {
      const outcomes = new Map<string, SubmitOutcome>();
      const { waiting } = await this.runs.count();
      let room = this.options.maxWaiting + (await this.runs.freeProcessors()) - waiting;
      for (const run of submission.runs) {
        signal.throwIfAborted();
        const refusal = this.refusalOf(submission, run);
        const exists = refusal === null && (await this.runs.exists(run.stamp));
        if (refusal !== null) outcomes.set(run.stamp, { error: refusal });
        else if (exists) outcomes.set(run.stamp, { reference: run.stamp });
        else if (room <= 0) outcomes.set(run.stamp, { error: this.full() });
        else {
          await this.runs.add(run.stamp, run.program, submission);
          room -= submission.resources.processors;
          outcomes.set(run.stamp, { reference: run.stamp });
        }
      }
      await this.runs.tend();
      return outcomes;
    });
  }

  async find(stamps: readonly string[], { signal }: CeCall): Promise<Map<string, string>> {
    signal.throwIfAborted();
    const found = new Map<string, string>();
    for (const stamp of stamps) if (await this.known(stamp)) found.set(stamp, stamp);
    return found;
  }

  states(references: readonly string[], { signal }: CeCall): Promise<Map<string, RunState>> {
    return this.guarded(signal, async () => {
      await this.runs.tend();
      const states = new Map<string, RunState>();
      for (const reference of references) {
        states.set(reference, (await this.known(reference)) ? await this.runs.state(reference) : { status: 'unknown' });
      }
      return states;
    });
  }

  async stop(references: readonly string[], { signal }: CeCall): Promise<Map<string, StopOutcome>> {
    const toStop = await this.guarded(signal, async () => {
      const live: string[] = [];
      for (const reference of new Set(references)) {
        if (!(await this.known(reference))) continue;
        if (await this.runs.askToStop(reference)) live.push(reference);
      }
      return live;
    });
    await this.runs.waitUntilStopped(toStop, signal);
    const stopped = new Set(toStop);
    return new Map(references.map((reference) => [reference, stopped.has(reference) ? 'stopped' : 'gone']));
  }

  capacity(_queue: string, { signal }: CeCall): Promise<Capacity> {
    return this.guarded(signal, async () => {
      await this.runs.tend();
      const { waiting, running } = await this.runs.count();
      const freeSlots = Math.max(0, this.options.maxWaiting + (await this.runs.freeProcessors()) - waiting);
      return { waiting, running, freeSlots };
    });
  }

  async output(reference: string, { signal }: CeCall): Promise<RunOutput | null> {
    signal.throwIfAborted();
    return (await this.known(reference)) ? this.runs.output(reference) : null;
  }

  /** All that is known of a run stands in its state. */
  async log(_reference: string, { signal }: CeCall): Promise<null> {
    signal.throwIfAborted();
    return null;
  }

  check(_queue: string, { signal }: CeCall): Promise<Finding[]> {
    return this.guarded(signal, async () => {
      const { waiting, running } = await this.runs.count();
      const message = `${this.options.folder} can be read and written; ${waiting} runs wait and ${running} run`;
      return [{ subject: 'folder', verdict: 'ok', message }];
    });
  }

  clean(references: readonly string[], { signal }: CeCall): Promise<void> {
    return this.guarded(signal, async () => {
      await this.runs.tend();
      for (const reference of references) if (await this.known(reference)) await this.runs.clean(reference);
    });
  }

  close(): Promise<void> {
    return this.runs.close();
  }

  private async known(reference: string): Promise<boolean> {
    return stampPattern.test(reference) && (await this.runs.exists(reference));
  }

  private async guarded<T>(signal: AbortSignal, body: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    try {
      return await this.runs.alone(signal, body);
    } catch (error) {
      throw classifyLocalError(error, this.options.folder);
    }
  }

  private refusalOf(submission: Submission, run: Submission['runs'][number]): ComputingElementError | null {
    const refuse = (message: string): ComputingElementError => new ComputingElementError('bad-description', message);
    const { processors } = submission.resources;
    if (!stampPattern.test(run.stamp)) return refuse(`${run.stamp} is no stamp; stamps have 32 hexadecimal digits`);
    if (processors > this.options.slots) {
      return refuse(
        `A run needs ${processors} processors, and the CE has ${this.options.slots}; lower the queue's processors or raise the CE's slots`,
      );
    }
    if (!run.program.script.startsWith('#!')) return refuse('The script does not begin with #!');
    const odd = run.program.files.find(({ name }) => !plainName.test(name));
    return odd === undefined ? null : refuse(`${odd.name} is no plain file name`);
  }

  private full(): ComputingElementError {
    return new ComputingElementError(
      'capacity',
      `${this.options.maxWaiting} runs wait already; try again when some have started, or raise max_waiting`,
    );
  }
}
