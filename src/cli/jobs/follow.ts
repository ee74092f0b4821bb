import { finalStates, jobs } from '../../contract/index.js';
import { exitCodes } from '../failure.js';
import { pause } from '../pause.js';
import type { Session } from '../session.js';

/**
 * What is new in a window that slides over growing text: all that comes after the longest end of the old window with
 * which the new one begins.
 */
export function newText(previous: string, current: string): string {
  for (let length = Math.min(previous.length, current.length); length > 0; length--) {
    if (previous.endsWith(current.slice(0, length))) return current.slice(length);
  }
  return current;
}

/** Whether text was missed between two windows. */
export function hasGap(previous: string, current: string): boolean {
  return previous !== '' && current !== '' && newText(previous, current) === current;
}

/** Prints what a job prints, as it comes, until the job ends. Gives the exit code: 2 unless the job is Done. */
export async function followOutput(session: Session, id: number, intervalSeconds: number): Promise<number> {
  const { io } = session;
  let previous = '';
  let attempt: number | undefined;
  let status = '';
  for (;;) {
    const peeked = await session.persist(jobs.peek, { params: { id } });
    // Attempt 0 is a job that nobody has run yet.
    if (attempt !== undefined && attempt > 0 && peeked.attempt !== attempt) {
      io.error(`job ${id} runs again: attempt ${peeked.attempt}\n`);
      previous = '';
    }
    if (io.errorIsTerminal && peeked.status !== status) io.error(`job ${id} is ${peeked.status}\n`);
    ({ attempt, status } = peeked);
    if (hasGap(previous, peeked.text)) io.error(`job ${id}: some lines were missed\n`);
    const fresh = newText(previous, peeked.text);
    if (fresh !== '') io.out(fresh);
    if (peeked.text !== '') previous = peeked.text;
    if (isFinal(status)) return status === 'Done' ? exitCodes.done : exitCodes.someJobsFailed;
    await pause(io, intervalSeconds);
  }
}

/** Whether a job in this state will not change by itself any more. */
export function isFinal(status: unknown): boolean {
  return (finalStates as readonly unknown[]).includes(status);
}
