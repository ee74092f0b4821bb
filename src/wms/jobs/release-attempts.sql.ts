import type { AttemptOutcome, FailureClass } from '../../contract/index.js';
import type { Transaction } from '../../platform/index.js';
import { releaseSlots } from '../limits/release-slots.sql.js';

/** An attempt that has ended, and how. Its job's row and lease are locked. */
export interface EndedAttempt {
  jobId: number;
  attempt: number;
  outcome: AttemptOutcome | 'lost';
  failureClass: FailureClass | null;
  exitCode: number | null;
  /** It may have slots of limits. */
  limited: boolean;
}

/** Row by row in the order of the list: comparing lists of pairs reads whole tables when there is one pair only. */
const ended = `JSON_TABLE(?, '$[*]' COLUMNS (job_id BIGINT UNSIGNED PATH '$[0]', attempt INT UNSIGNED PATH '$[1]',
  outcome VARCHAR(16) PATH '$[2]', failure_class VARCHAR(16) PATH '$[3]', exit_code INT PATH '$[4]')) AS ended`;

/**
 * Writes down how attempts ended, removes their leases, takes back the commands that they have not acknowledged, and frees
 * their slots. Gives the ids of the limits that have free slots by that.
 */
export async function releaseAttempts(tx: Transaction, attempts: readonly EndedAttempt[]): Promise<number[]> {
  if (attempts.length === 0) return [];
  const list = JSON.stringify(
    attempts.map(({ jobId, attempt, outcome, failureClass, exitCode }) => [
      jobId,
      attempt,
      outcome,
      failureClass,
      exitCode,
    ]),
  );
  await tx.execute(
    `UPDATE ${ended} STRAIGHT_JOIN attempts a ON a.job_id = ended.job_id AND a.attempt = ended.attempt
     SET a.ended_at = NOW(6), a.outcome = ended.outcome, a.failure_class = ended.failure_class,
       a.exit_code = ended.exit_code
     WHERE a.ended_at IS NULL`,
    [list],
  );
  await tx.execute('DELETE FROM leases WHERE job_id IN (?)', [attempts.map(({ jobId }) => jobId)]);
  await tx.execute(
    `UPDATE ${ended} STRAIGHT_JOIN job_commands c ON c.job_id = ended.job_id AND c.attempt = ended.attempt
     SET c.acknowledged_at = NOW(6) WHERE c.acknowledged_at IS NULL`,
    [list],
  );
  return releaseSlots(
    tx,
    attempts.filter(({ limited }) => limited).map(({ jobId }) => jobId),
  );
}
