import { jobs, type SearchSpec } from '../../contract/index.js';
import { CommandFailure, exitCodes } from '../failure.js';
import { Progress } from '../output/progress.js';
import { pause } from '../pause.js';
import type { Session } from '../session.js';
import { isFinal } from './follow.js';
import { inPieces, shortIds } from './ids.js';
import { rowsOf, tellMissing } from './select-jobs.js';

/** How long to wait, and how often to look. Seconds. */
export interface Waiting {
  program: string;
  intervalSeconds: number;
  timeoutSeconds?: number;
}

/** Waits until all jobs have ended. Gives the exit code: 2 when one did not end as Done, or is not known. */
export async function waitForJobs(session: Session, ids: readonly number[], waiting: Waiting): Promise<number> {
  const known = await rowsOf(session, ids, ['Status']);
  const deadline = performance.now() + (waiting.timeoutSeconds ?? Infinity) * 1000;
  const states = new Map(known.rows.map((row) => [Number(row['JobID']), String(row['Status'])]));
  const progress = new Progress(session.io, 'waiting', 'jobs have ended');
  try {
    for (let open = stillOpen(states); open.length > 0; open = stillOpen(states)) {
      progress.update(states.size - open.length, states.size);
      if (performance.now() >= deadline) {
        throw new CommandFailure(`still not ended: ${shortIds(open)}`, 'wait longer, or see "pilotage job status"');
      }
      await pause(session.io, waiting.intervalSeconds);
      await refresh(session, open, states);
    }
  } finally {
    progress.end();
  }
  const missing = tellMissing(session, waiting.program, known.missing);
  return [...states.values()].every((state) => state === 'Done') ? missing : exitCodes.someJobsFailed;
}

function stillOpen(states: ReadonlyMap<number, string>): number[] {
  return [...states].filter(([, state]) => !isFinal(state)).map(([id]) => id);
}

/** A job that can no longer be found counts as Deleted. */
async function refresh(session: Session, open: readonly number[], states: Map<number, string>): Promise<void> {
  for (const piece of inPieces(open, 1000)) {
    const search: SearchSpec[] = [{ parameter: 'JobID', operator: 'in', values: piece }];
    const input = { query: { per_page: piece.length }, body: { parameters: ['JobID', 'Status'], search } };
    const rows = await session.persist(jobs.search, input, { alsoAccept: [206, 416] });
    const now = new Map(rows.map((row) => [Number(row['JobID']), String(row['Status'])]));
    for (const id of piece) states.set(id, now.get(id) ?? 'Deleted');
  }
}
