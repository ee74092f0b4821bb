import type { Transaction } from '../../platform/index.js';

/** An attempt that is ending, and whose job it was. */
export interface EndingAttempt {
  jobId: number;
  attempt: number;
  failureClass: string | null;
  vo: string;
  ownerSubject: string;
  jobGroup: string;
}

/** An attempt that the infrastructure has just lost. Names are folded. */
export interface Loss {
  job: number;
  site: string;
  /** Empty when it is not known. */
  host: string;
  pilot: string;
  /** From the claim to the end. */
  seconds: number;
}

const listed = `JSON_TABLE(?, '$[*]' COLUMNS (job_id BIGINT UNSIGNED PATH '$[0]', attempt INT UNSIGNED PATH '$[1]',
  failure_class VARCHAR(16) PATH '$[2]', vo VARCHAR(64) PATH '$[3]', owner_subject VARCHAR(255) PATH '$[4]',
  job_group VARCHAR(32) PATH '$[5]')) AS ending
  STRAIGHT_JOIN attempts a ON a.job_id = ending.job_id AND a.attempt = ending.attempt`;
const where = `LOWER(a.site) AS site, LOWER(COALESCE(a.host, '')) AS host, a.pilot_stamp AS pilot,
  GREATEST(0, TIMESTAMPDIFF(MICROSECOND, a.claimed_at, NOW(6))) / 1e6 AS seconds`;

/**
 * Writes down, as evidence, that attempts end here and now; before their rows say so, in the same transaction. Those that
 * somebody had killed are no evidence. Answers the attempts that the infrastructure lost.
 */
export async function noteEnds(tx: Transaction, endings: readonly EndingAttempt[]): Promise<Loss[]> {
  const told = endings.filter(({ failureClass }) => failureClass !== 'killed');
  if (told.length === 0) return [];
  await tx.execute(
    `INSERT INTO attempt_ends (ended_at, job_id, attempt, vo, owner_subject, job_group, failure_class, ce,
       site, host, pilot_stamp, seconds)
     SELECT NOW(6), a.job_id, a.attempt, LOWER(ending.vo), ending.owner_subject, ending.job_group, ending.failure_class,
       LOWER(a.ce), ${where} FROM ${listed} WHERE a.ended_at IS NULL`,
    [listOf(told)],
  );
  const lost = told.filter(({ failureClass }) => failureClass === 'infrastructure');
  if (lost.length === 0) return [];
  return tx.query<Loss>(`SELECT a.job_id AS job, ${where} FROM ${listed} WHERE a.ended_at IS NULL`, [listOf(lost)]);
}

function listOf(endings: readonly EndingAttempt[]): string {
  return JSON.stringify(
    endings.map(({ jobId, attempt, failureClass, vo, ownerSubject, jobGroup }) => [
      jobId,
      attempt,
      failureClass,
      vo,
      ownerSubject,
      jobGroup,
    ]),
  );
}
