import { BulkOutcome, CallRefused, type CallInput, type Endpoint, type ReplyOf } from '../../contract/index.js';
import { exitCodes } from '../failure.js';
import { Progress } from '../output/progress.js';
import type { Session } from '../session.js';
import { inPieces } from './ids.js';

/** An endpoint that does something to jobs and answers for each of them. */
export type BulkEndpoint = Endpoint & { reply?: typeof BulkOutcome };

/** Calls a bulk endpoint for all ids, 10,000 at a time, and gives the outcomes of all together. */
export async function forJobs<E extends BulkEndpoint>(
  session: Session,
  ids: readonly number[],
  call: { endpoint: E; query?: CallInput<E>['query'] },
): Promise<BulkOutcome> {
  const all: BulkOutcome = { success: {}, failed: {} };
  const progress = new Progress(session.io, 'working', 'jobs');
  let done = 0;
  try {
    for (const piece of inPieces(ids, 10_000)) {
      if (ids.length > 10_000) progress.update(done, ids.length);
      const outcome = await outcomeOf(session, call, piece);
      Object.assign(all.success, outcome.success);
      Object.assign(all.failed, outcome.failed);
      done += piece.length;
    }
  } finally {
    progress.end();
  }
  return all;
}

/** A refusal of every job of a call comes as 404 or 400 with the outcome in its body. */
async function outcomeOf<E extends BulkEndpoint>(
  session: Session,
  { endpoint, query }: { endpoint: E; query?: CallInput<E>['query'] },
  ids: readonly number[],
): Promise<BulkOutcome> {
  try {
    const input = { body: { job_ids: ids }, ...(query === undefined ? {} : { query }) } as CallInput<E>;
    return BulkOutcome.parse((await session.call(endpoint, input)) as ReplyOf<typeof endpoint>);
  } catch (error) {
    const body = error instanceof CallRefused ? (error.body as { detail?: unknown } | undefined) : undefined;
    const outcome = [body?.detail, body].map((part) => BulkOutcome.safeParse(part)).find(({ success }) => success);
    if (outcome?.data === undefined) throw error;
    return outcome.data;
  }
}

/** Prints one line for each job that failed, and `said` for the others. Gives the exit code. */
export function tellOutcome(
  session: Session,
  outcome: BulkOutcome,
  say: { program: string; done: (id: string) => string },
): number {
  for (const id of Object.keys(outcome.success)) session.io.out(`${say.done(id)}\n`);
  for (const [id, { detail }] of Object.entries(outcome.failed))
    session.io.error(`${say.program}: job ${id}: ${detail}\n`);
  return Object.keys(outcome.failed).length === 0 ? exitCodes.done : exitCodes.someJobsFailed;
}
