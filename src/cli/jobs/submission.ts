import { randomUUID } from 'node:crypto';
import { jobs, parametricCount, type AcceptedJob } from '../../contract/index.js';
import { CommandFailure } from '../failure.js';
import { Progress } from '../output/progress.js';
import type { Session } from '../session.js';
import type { LocalDescription } from './descriptions.js';
import { inPieces } from './ids.js';
import { findLocalFiles, uploadLocalFiles } from './local-files.js';

/** The most descriptions in one call. */
const perCall = 10_000;

/** How many jobs the descriptions make. */
export function jobCount(descriptions: readonly LocalDescription[]): number {
  return descriptions.reduce((sum, { checked }) => sum + (parametricCount(checked) ?? 1), 0);
}

/**
 * Submits descriptions: uploads their local files, then sends all in one call (several above 10,000). The call carries
 * an idempotency key, so it is repeated safely when the answer is lost.
 */
export async function submitDescriptions(
  session: Session,
  descriptions: readonly LocalDescription[],
  idempotencyKey: string = randomUUID(),
): Promise<AcceptedJob[]> {
  const ready = await uploadLocalFiles(session, findLocalFiles(session.io.folder, descriptions));
  const accepted: AcceptedJob[] = [];
  const progress = new Progress(session.io, 'submitting', 'descriptions');
  let sent = 0;
  try {
    for (const piece of inPieces(ready, perCall)) {
      if (ready.length > 1) progress.update(sent, ready.length);
      const key = ready.length <= perCall ? idempotencyKey : `${idempotencyKey}-${sent / perCall}`;
      accepted.push(...(await sendPiece(session, piece, { key, accepted })));
      sent += piece.length;
    }
  } finally {
    progress.end();
  }
  return accepted;
}

async function sendPiece(
  session: Session,
  piece: readonly LocalDescription[],
  { key, accepted }: { key: string; accepted: readonly AcceptedJob[] },
): Promise<AcceptedJob[]> {
  try {
    const body = { jobs: piece.map(({ input }) => input) };
    const reply = await session.persist(
      jobs.submit,
      { body },
      { headers: { 'idempotency-key': key }, timeout: 300_000 },
    );
    return reply.jobs;
  } catch (cause) {
    if (accepted.length === 0) throw cause;
    const ids = `${accepted[0]?.JobID} to ${accepted.at(-1)?.JobID}`;
    throw new CommandFailure(
      `only ${accepted.length} jobs were accepted (${ids}): ${(cause as Error).message}`,
      'submit the rest again',
      { cause },
    );
  }
}
