import { createHash, randomBytes } from 'node:crypto';
import { type CeCall, type ComputingElement, ComputingElementError } from '../../ce/index.js';
import type { QueueView } from '../../configuration/index.js';
import type { Database, Log } from '../../platform/index.js';
import type { Pilots } from '../../wms/index.js';
import type { RenderPilot } from './pilot-program.js';

export interface SubmissionParts {
  database: Database;
  pilots: Pick<Pilots, 'create' | 'submitted' | 'move'>;
  render: RenderPilot;
  log: Log;
}

/** Where and how many. */
export interface SubmissionOrder {
  vo: string;
  queue: QueueView;
  count: number;
  /** `PILOTAGE_PILOT_*` for all pilots. */
  environment: Readonly<Record<string, string>>;
  /** Seconds. */
  secretLifetime: number;
}

/** How a submission went; `failure` is set when the CE took none of the pilots. */
export interface SubmissionResult {
  submitted: number;
  refused: number;
  failure: ComputingElementError | null;
}

/**
 * Submits pilots to one queue: rows first, then the CE, then the references. What a crash in between leaves is settled by
 * {@link settlePilots}. The secret lives in this function's memory and in the program that goes to the CE.
 */
export async function submitPilots(
  parts: SubmissionParts,
  ce: ComputingElement,
  order: SubmissionOrder,
  call: CeCall,
): Promise<SubmissionResult> {
  const { vo, queue, count, environment } = order;
  const secrets = new Map(
    Array.from({ length: count }, () => [randomBytes(16).toString('hex'), randomBytes(32).toString('base64url')]),
  );
  const runs = [...secrets].map(([stamp, secret]) => ({
    stamp,
    program: parts.render({ stamp, secret, queue, environment }),
  }));
  await parts.database.transaction((tx) =>
    parts.pilots.create(
      tx,
      [...secrets].map(([stamp, secret]) => ({
        stamp,
        vo,
        site: queue.site,
        ce: queue.ce,
        queue: queue.queue,
        gridType: queue.driver,
        processors: queue.processors,
        tags: queue.tags,
        platforms: queue.platforms,
        secretHash: createHash('sha256').update(secret).digest('hex'),
        secretLifetime: order.secretLifetime,
      })),
    ),
  );
  const resources = {
    processors: queue.processors,
    memory: queue.memory,
    gpus: queue.gpus,
    wallSeconds: queue.max_wall_time,
    wholeNode: queue.whole_node,
  };
  try {
    const outcomes = await ce.submit({ runs, resources, queue: queue.queue, settings: queue.settings }, call);
    return await store(parts, [...secrets.keys()], outcomes);
  } catch (error) {
    if (!(error instanceof ComputingElementError)) throw error;
    // The CE may have taken them all the same: whether it knows the stamps is asked later.
    if (error.kind === 'unreachable' || error.kind === 'protocol') return { submitted: 0, refused: 0, failure: error };
    for (const stamp of secrets.keys()) await parts.pilots.move(stamp, 'Aborted', `Not submitted: ${error.message}`);
    return { submitted: 0, refused: count, failure: error };
  }
}

async function store(
  { pilots, log }: SubmissionParts,
  stamps: readonly string[],
  outcomes: Awaited<ReturnType<ComputingElement['submit']>>,
): Promise<SubmissionResult> {
  const references = new Map<string, string>();
  const refusals = new Map<string, ComputingElementError>();
  for (const stamp of stamps) {
    const outcome = outcomes.get(stamp) ?? {
      error: new ComputingElementError('protocol', 'The CE said nothing about this pilot'),
    };
    if ('reference' in outcome) references.set(stamp, outcome.reference);
    else refusals.set(stamp, outcome.error);
  }
  await pilots.submitted(references);
  for (const [stamp, error] of refusals) await pilots.move(stamp, 'Aborted', `Not submitted: ${error.message}`);
  const [first] = refusals.values();
  if (first !== undefined) log.warn('A CE refused pilots', { refused: refusals.size, kind: first.kind, error: first });
  return {
    submitted: references.size,
    refused: refusals.size,
    failure: references.size === 0 ? (first ?? null) : null,
  };
}
