import type { Credentials } from '../../ce/index.js';
import type { Pilots } from '../../wms/index.js';
import type { AgentContext } from '../agent.js';
import type { ComputingElements } from '../computing-elements.js';
import { byCe } from '../by-ce.js';

/** Seconds after which a pilot whose CE cannot be asked is given up; it could not get a token any more. */
const giveUpSeconds = 3_600;

/**
 * Settles pilots whose submission was cut off: asks their CE for the stamps. One that the CE knows gets its reference; one
 * that it does not know never started, and is never submitted again, because its secret is lost. Returns how many were settled.
 */
export async function settlePilots(
  parts: {
    pilots: Pick<Pilots, 'unsettled' | 'submitted' | 'move'>;
    elements: Pick<ComputingElements, 'get'>;
    afterSeconds: number;
  },
  { configuration, signal, log }: AgentContext,
  credentials: Credentials,
): Promise<number> {
  let settled = 0;
  for (const pilots of byCe(await parts.pilots.unsettled(parts.afterSeconds, 1_000))) {
    const [first] = pilots;
    if (first === undefined) continue;
    try {
      const ce = await parts.elements.get(configuration.document, first);
      const found = await ce.find(
        pilots.map(({ stamp }) => stamp),
        { signal, credentials },
      );
      await parts.pilots.submitted(found);
      for (const { stamp } of pilots) {
        if (!found.has(stamp)) await parts.pilots.move(stamp, 'Aborted', 'It never reached its CE');
      }
      settled += pilots.length;
      log.info('Pilots of an interrupted submission were settled', {
        ce: first.ce,
        pilots: pilots.length,
        found: found.size,
      });
    } catch (error) {
      if (signal.aborted) throw error;
      log.warn('A CE cannot be asked about pilots of an interrupted submission', { ce: first.ce, error });
      for (const { stamp, age } of pilots) {
        if (age > giveUpSeconds)
          await parts.pilots.move(stamp, 'Aborted', 'Its CE could not be asked whether it has it');
      }
    }
  }
  return settled;
}
