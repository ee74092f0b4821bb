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

/** The rows found, oldest first, and how many there are in all. */
export interface Found {
  rows: TableRow[];
  total: number;
}

const perPage = 1000;
const kinds = {
  jobs: { endpoint: jobs.search, key: 'JobID' },
  pilots: { endpoint: pilots.search, key: 'PilotID' },
} as const;

/**
 * Reads the newest rows of a search in pages of 1,000. Every page begins below the last id of the one before, so rows
 * that come or go meanwhile neither shift nor repeat others.
 */
export async function searchRows(session: Session, kind: keyof typeof kinds, wanted: Search): Promise<Found> {
  const { endpoint, key } = kinds[kind];
  const progress = new Progress(session.io, 'reading', kind);
  const parameters = wanted.parameters === undefined ? undefined : [...new Set([key, ...wanted.parameters])];
  const found: TableRow[] = [];
  let total: number | undefined;
  try {
    for (;;) {
      const size = Math.min(perPage, (wanted.limit ?? Infinity) - found.length);
      if (size <= 0) break;
      const last = found.at(-1)?.[key];
      const below: SearchSpec[] = last === undefined ? [] : [{ parameter: key, operator: 'lt', value: Number(last) }];
      const { reply, headers } = await session.exchange(
        endpoint,
        {
          query: { per_page: size },
          body: { parameters, search: [...wanted.search, ...below], sort: [{ parameter: key, direction: 'desc' }] },
        },
        { alsoAccept: [206, 416] },
      );
      total ??= totalIn(headers) ?? reply.length;
      found.push(...reply);
      progress.update(found.length, Math.min(total, wanted.limit ?? total));
      if (reply.length < size || found.length >= total) break;
    }
  } finally {
    progress.end();
  }
  return { rows: found.toReversed(), total: Math.max(total ?? 0, found.length) };
}

/** The total in a Content-Range header like `jobs 0-99/4000`. */
export function totalIn(headers: Readonly<Record<string, string>>): number | undefined {
  const total = /\/(\d+)$/.exec(headers['content-range'] ?? '')?.[1];
  return total === undefined ? undefined : Number(total);
}

/** Says on standard error that there is more than was shown. */
export function tellOfMore(session: Session, { rows, total }: Found, what: string): void {
  if (total > rows.length) {
    session.io.error(`the newest ${rows.length} of ${total} ${what} are shown; --limit shows more\n`);
  }
}
