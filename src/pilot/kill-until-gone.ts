import { pause, seconds } from './clock.js';
import { signal } from './process-tree.js';

/** Milliseconds before the second round; each pause is twice the one before, up to the longest. */
const firstPause = 50;
const longestPause = 500;

/**
 * Kills what `find` gives, again until it gives nothing: a process may start another while it is being killed, and the
 * kernel takes its time. Gives the processes that were still there after so many seconds.
 */
export async function killUntilGone(find: () => number[], patienceSeconds: number): Promise<number[]> {
  const end = seconds() + patienceSeconds;
  for (let wait = firstPause; ; wait = Math.min(longestPause, wait * 2)) {
    const left = find();
    if (left.length === 0 || seconds() >= end) return left;
    for (const pid of left) signal(pid, 'SIGKILL');
    await pause(wait / 1000);
  }
}
