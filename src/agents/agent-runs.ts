import type { Database } from '../platform/index.js';

/** The rows of `agent_runs`: when each agent ran last, for how long, and what went wrong. */
export class AgentRuns {
  constructor(
    private readonly database: Database,
    /** Host and pid, so that an operator finds the process. */
    private readonly process: string,
  ) {}

  /** Makes the row of an agent that never ran. */
  async register(agent: string): Promise<void> {
    await this.database.execute(
      `INSERT INTO agent_runs (agent, last_started_at, process) VALUES (?, '1970-01-02', ?)
       ON DUPLICATE KEY UPDATE agent = agent`,
      [agent, this.process],
    );
  }

  /** Seconds since the last start of an agent, on the database's clock. */
  async sinceLastStart(agent: string): Promise<number> {
    const [row] = await this.database.query<{ seconds: number }>(
      'SELECT TIMESTAMPDIFF(MICROSECOND, last_started_at, NOW(6)) / 1000000 AS seconds FROM agent_runs WHERE agent = ?',
      [agent],
    );
    return row === undefined ? Number.POSITIVE_INFINITY : Number(row.seconds);
  }

  /** Notes a start, unless the last one is younger than `seconds`: then another process was faster and the answer is false. */
  async begin(agent: string, seconds: number): Promise<boolean> {
    const { affectedRows } = await this.database.execute(
      `UPDATE agent_runs SET last_started_at = NOW(6), process = ?
       WHERE agent = ? AND last_started_at <= NOW(6) - INTERVAL ? MICROSECOND`,
      [this.process, agent, Math.round(seconds * 1e6)],
    );
    return affectedRows === 1;
  }

  /** Notes the end of a run; `error` is one line, or null when it went well. */
  async end(agent: string, seconds: number, error: string | null): Promise<void> {
    await this.database.execute(
      `UPDATE agent_runs SET last_ended_at = NOW(6), last_seconds = ?, last_error = ?,
         failures = IF(? IS NULL, 0, failures + 1) WHERE agent = ?`,
      [seconds, error?.slice(0, 1024) ?? null, error, agent],
    );
  }
}
