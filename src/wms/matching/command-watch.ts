import type { Queryable } from '../../platform/index.js';
import { commandsAfter, newestCommand } from './new-commands.sql.js';

/** Ids are given before the commit: a command may appear so long after one with a higher id (ms). */
const longestTransaction = 60_000;
/** When nobody looked for long, so many of the last ids count as new. */
const backlog = 1_000;
const largest = 10_000;

/**
 * Finds commands of pilots without being told: two small statements for all pilots together, however many wait. What was
 * handed out is not found again; what was not, is found for a minute.
 */
export class CommandWatch {
  private marks: { at: number; newest: number }[] = [];

  constructor(private readonly database: Pick<Queryable, 'query'>) {}

  /** The stamps of pilots that have new commands. */
  async look(): Promise<string[]> {
    const now = performance.now();
    const newest = await newestCommand(this.database);
    const last = this.marks.at(-1);
    if (last === undefined || now - last.at > longestTransaction) {
      this.marks = [{ at: now, newest: Math.max(0, newest - backlog) }];
    }
    const [oldest] = this.marks;
    const from = oldest?.newest ?? 0;
    this.marks.push({ at: now, newest });
    while ((this.marks[1]?.at ?? now) < now - longestTransaction) this.marks.shift();
    if (newest <= from) return [];
    const commands = await commandsAfter(this.database, from, largest);
    return [...new Set(commands.map(({ stamp }) => stamp))];
  }
}
