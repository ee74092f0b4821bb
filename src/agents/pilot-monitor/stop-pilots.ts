import { z } from 'zod';
import { type Credentials } from '../../ce/index.js';
import type { CurrentConfiguration } from '../../configuration/index.js';
import type { Pilots } from '../../wms/index.js';
import type { Task } from '../agent.js';
import type { ComputingElements } from '../computing-elements.js';
import { byCe } from '../by-ce.js';

const Payload = z.object({ stamps: z.array(z.string()) });

export interface StopPilotsParts {
  pilots: Pick<Pilots, 'find' | 'move'>;
  ends: { pilotGone(stamp: string, reason: string): Promise<number> };
  elements: Pick<ComputingElements, 'get'>;
  configuration: Pick<CurrentConfiguration, 'get'>;
}

/** Stops pilots at their CEs. A pilot without a reference yet makes the message come again. */
export class StopPilots implements Task {
  readonly topic = 'stop-pilots';
  readonly parallel = 4;
  private readonly credentials: Credentials = { kind: 'none' };

  constructor(private readonly parts: StopPilotsParts) {}

  async handle(payload: Record<string, unknown>, { signal, log }: Parameters<Task['handle']>[1]): Promise<void> {
    const { pilots, ends, elements, configuration } = this.parts;
    const { stamps } = Payload.parse(payload);
    const live = await pilots.find(stamps);
    const failures: unknown[] = live
      .filter(({ reference }) => reference === null)
      .map(({ stamp }) => new Error(`Pilot ${stamp} is not at its CE yet`));
    const known = live.flatMap((pilot) => (pilot.reference === null ? [] : [{ ...pilot, reference: pilot.reference }]));
    for (const group of byCe(known)) {
      const [first] = group;
      if (first === undefined) continue;
      const ce = await elements.get(configuration.get().document, first);
      const outcomes = await ce.stop(
        group.map(({ reference }) => reference),
        { signal, credentials: this.credentials },
      );
      for (const { stamp, reference } of group) {
        const outcome = outcomes.get(reference);
        if (outcome === 'stopped') {
          await ends.pilotGone(stamp, 'Stopped on request');
          // Once more for a claim that was made just before the row became final.
          if (await pilots.move(stamp, 'Deleted', 'Stopped on request')) {
            await ends.pilotGone(stamp, 'Stopped on request');
          }
          log.info('A pilot was stopped', { stamp });
        } else if (typeof outcome === 'object') failures.push(outcome.error);
        // One that is gone already is the pilot monitor's: it sees how the pilot ended.
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, `${failures.length} pilots could not be stopped`);
  }
}
