import { jobs, pilots, type SearchSpec } from '../contract/index.js';
import { Progress } from './output/progress.js';
import type { TableRow } from './output/table.js';
import type { Session } from './session.js';

/** What to search, and how many rows at most. */
export interface Search {
  search: SearchSpec[];
  parameters?: string[];
  /** The newest rows count. No limit when absent. */
  limit?: number;
}

/** The rows found, oldest first, and how many there are in all; null when there are more and nobody could count them. */
export interface Found {
  rows: TableRow[];
  total: number | null;
}

const perPage = 1000;

/** The next rows of a search, newest first; `last` is the last row that was read. */
interface Stretch {
  rows: TableRow[];
  total?: number | null;
  ended: boolean;
}
type Reader = (session: Session, wanted: Search) => (size: number, last: TableRow | undefined) => Promise<Stretch>;

/** Reads on with the cursor of the server, which is as fast at the end of a million jobs as at the beginning. */
const readJobs: Reader = (session, { search, parameters }) => {
  let cursor: string | null = null;
  return async (limit, last) => {
    const body = { search, limit, cursor, total: last === undefined };
    const reply = await session.call(jobs.list, {
      body: parameters === undefined ? body : { ...body, parameters: [...new Set(['JobID', ...parameters])] },
    });
    cursor = reply.next;
    return { rows: reply.jobs, ended: cursor === null, ...(last === undefined ? { total: reply.total } : {}) };
  };
};

/** Every page begins below the last id of the one before. */
const readPilots: Reader = (session, { search, parameters }) => {
  const key = 'PilotID';
  const named = parameters === undefined ? undefined : [...new Set([key, ...parameters])];
  return async (size, last) => {
    const below: SearchSpec[] =
      last === undefined ? [] : [{ parameter: key, operator: 'lt', value: Number(last[key]) }];
    const { reply, headers } = await session.exchange(
      pilots.search,
      {
        query: { per_page: size },
        body: { parameters: named, search: [...search, ...below], sort: [{ parameter: key, direction: 'desc' }] },
      },
      { alsoAccept: [206, 416] },
    );
    return { rows: reply, total: totalIn(headers) ?? reply.length, ended: reply.length < size };
  };
};

const readers = { jobs: readJobs, pilots: readPilots } as const;

/**
 * Reads the newest rows of a search, a thousand at a time. Rows that come or go meanwhile neither shift nor repeat
 * others.
 */
export async function searchRows(session: Session, kind: keyof typeof readers, wanted: Search): Promise<Found> {
  const read = readers[kind](session, wanted);
  const progress = new Progress(session.io, 'reading', kind);
  const limit = wanted.limit ?? Infinity;
  const found: TableRow[] = [];
  let total: number | null | undefined;
  try {
    for (let ended = false; !ended && found.length < limit;) {
      const stretch = await read(Math.min(perPage, limit - found.length), found.at(-1));
      if (total === undefined) total = stretch.total ?? null;
      found.push(...stretch.rows);
      ended = stretch.ended;
      if (ended) total = found.length;
      progress.update(found.length, Math.min(total ?? Math.max(found.length, wanted.limit ?? 0), limit));
    }
  } finally {
    progress.end();
  }
  return { rows: found.toReversed(), total: total === null ? null : Math.max(total ?? 0, found.length) };
}

/** The total in a Content-Range header like `jobs 0-99/4000`. */
export function totalIn(headers: Readonly<Record<string, string>>): number | undefined {
  const total = /\/(\d+)$/.exec(headers['content-range'] ?? '')?.[1];
  return total === undefined ? undefined : Number(total);
}

/** Says on standard error that there is more than was shown. */
export function tellOfMore(session: Session, { rows, total }: Found, what: string): void {
  if (total === null) session.io.error(`the newest ${rows.length} ${what} are shown; --limit shows more\n`);
  else if (total > rows.length) {
    session.io.error(`the newest ${rows.length} of ${total} ${what} are shown; --limit shows more\n`);
  }
}
