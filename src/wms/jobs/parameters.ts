import type { Queryable } from '../../platform/index.js';

/** A parameter of one attempt of a job; parameters of earlier attempts stay with them. */
export interface JobParameter {
  jobId: number;
  attempt: number;
  name: string;
  value: string;
}

const perStatement = 500;
/** Bytes that the column of a value holds. */
const longestValue = 65_535;

/** Sets parameters; those of the same name are overwritten. */
export async function setParameters(tx: Queryable, parameters: readonly JobParameter[]): Promise<void> {
  for (let start = 0; start < parameters.length; start += perStatement) {
    const part = parameters.slice(start, start + perStatement);
    await tx.execute(
      `INSERT INTO job_parameters (job_id, attempt, name, value) VALUES ${part.map(() => '(?, ?, ?, ?)').join(', ')}
       ON DUPLICATE KEY UPDATE value = VALUES(value)`,
      part.flatMap(({ jobId, attempt, name, value }) => [jobId, attempt, name, value]),
    );
  }
}

/** Sets the parameters that wrappers reported, by name. A long value is cut: it must not keep an attempt from ending. */
export function setReported(
  tx: Queryable,
  reports: readonly { jobId: number; attempt: number; parameters: Record<string, string> }[],
): Promise<void> {
  const parameters = reports.flatMap(({ jobId, attempt, parameters: reported }) =>
    Object.entries(reported).map(([name, value]) => ({ jobId, attempt, name, value: cut(value) })),
  );
  return setParameters(tx, parameters);
}

function cut(value: string): string {
  if (Buffer.byteLength(value) <= longestValue) return value;
  // Of a character that the cut divides U+FFFD is left, which is longer than its part.
  return Buffer.from(value)
    .subarray(0, longestValue)
    .toString('utf8')
    .replace(/\uFFFD$/, '');
}

/** The parameters of one attempt, by name. */
export async function parametersOf(
  database: Queryable,
  jobId: number,
  attempt: number,
): Promise<Record<string, string>> {
  const rows = await database.query<{ name: string; value: string }>(
    'SELECT name, value FROM job_parameters WHERE job_id = ? AND attempt = ? ORDER BY name',
    [jobId, attempt],
  );
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
}
