import type { Credentials } from '../../ce/index.js';
import type { PilotAtCe, Pilots } from '../../wms/index.js';
import type { Agent, AgentContext, AgentSummary } from '../agent.js';
import type { ComputingElements } from '../computing-elements.js';
import { byCe } from '../by-ce.js';
import { type PilotStep, stepOf, unknownSeconds } from './pilot-state-of-run.js';

export interface PilotMonitorParts {
  pilots: Pick<Pilots, 'atCes' | 'move'>;
  /** Ends the attempts of a pilot that is known to be gone. Repeating it is harmless. */
  ends: { pilotGone(stamp: string, reason: string): Promise<number> };
  elements: Pick<ComputingElements, 'get'>;
}

/**
 * Asks every CE, in bulk, how its pilots are. A pilot that its CE says is gone loses its attempts at once, so their jobs
 * run again without waiting for leases.
 */
export class PilotMonitor implements Agent {
  readonly name = 'pilot-monitor';
  readonly every = 15;
  readonly limit = 300;
  private readonly credentials: Credentials = { kind: 'none' };

  constructor(private readonly parts: PilotMonitorParts) {}

  async run(context: AgentContext): Promise<AgentSummary> {
    const summary = { moved: 0, gone: 0, attemptsEnded: 0, unreachable: 0 };
    let after: number | null = 0;
    while (after !== null) {
      context.signal.throwIfAborted();
      const page: Awaited<ReturnType<Pilots['atCes']>> = await this.parts.pilots.atCes(after, 5_000);
      await Promise.all(byCe(page.pilots).map((pilots) => this.look(pilots, context, summary)));
      after = page.last;
    }
    return summary;
  }

  private async look(
    pilots: readonly PilotAtCe[],
    { configuration, signal, log }: AgentContext,
    summary: { moved: number; gone: number; attemptsEnded: number; unreachable: number },
  ): Promise<void> {
    const [first] = pilots;
    if (first === undefined) return;
    const references = pilots.map(({ reference }) => reference);
    let states;
    try {
      const ce = await this.parts.elements.get(configuration.document, first);
      states = await ce.states(references, { signal, credentials: this.credentials });
    } catch (error) {
      signal.throwIfAborted();
      log.warn('A CE does not say how its pilots are', {
        site: first.site,
        ce: first.ce,
        pilots: pilots.length,
        error,
      });
      summary.unreachable += 1;
      return;
    }
    for (const pilot of pilots) {
      const step = stepOf(pilot, states.get(pilot.reference) ?? { status: 'unknown' });
      if (step === null) continue;
      // Before the row becomes final: a crash in between makes the next run repeat both.
      if (step.gone) summary.attemptsEnded += await this.parts.ends.pilotGone(pilot.stamp, step.reason);
      if (!(await this.move(pilot.stamp, step))) continue;
      summary.moved += 1;
      if (step.gone) {
        summary.gone += 1;
        // A claim that was made just before the row became final; there is none after it.
        summary.attemptsEnded += await this.parts.ends.pilotGone(pilot.stamp, step.reason);
      }
      log.info('A pilot changed its state', {
        stamp: pilot.stamp,
        from: pilot.status,
        to: step.to,
        reason: step.reason,
      });
    }
  }

  /** A pilot that its CE has lost and that still talks to the server is not given up. */
  private move(stamp: string, { to, reason, gone }: PilotStep): Promise<boolean> {
    const lost = to === 'Aborted' && !gone;
    return this.parts.pilots.move(stamp, to, reason, lost ? { silentSeconds: unknownSeconds } : {});
  }
}
