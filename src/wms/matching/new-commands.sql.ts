import type { Queryable } from '../../platform/index.js';

/** A command in the database that nobody has handed out yet. */
export interface NewCommand {
  id: number;
  stamp: string;
}

/** The highest id of a command; 0 when there is none. */
export async function newestCommand(database: Pick<Queryable, 'query'>): Promise<number> {
  const [row] = await database.query<{ newest: number | null }>('SELECT MAX(command_id) AS newest FROM job_commands');
  return Number(row?.newest ?? 0);
}

/** Commands after this id that were not handed out; so many at most. */
export async function commandsAfter(
  database: Pick<Queryable, 'query'>,
  id: number,
  limit: number,
): Promise<NewCommand[]> {
  return await database.query<NewCommand>(
    `SELECT command_id AS id, pilot_stamp AS stamp FROM job_commands
     WHERE command_id > ? AND delivered_at IS NULL AND acknowledged_at IS NULL AND pilot_stamp IS NOT NULL
     ORDER BY command_id LIMIT ?`,
    [id, limit],
  );
}
