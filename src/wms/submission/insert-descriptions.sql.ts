import type { Transaction } from '../../platform/index.js';

/** A description as it is stored: once per submission, however many jobs it makes. */
export interface DescriptionRow {
  id: number;
  vo: string;
  /** JSON of a JobDescription without its parameters. */
  document: string;
  jdl: string | null;
  /** The least and the greatest id of its jobs. */
  firstJob: number;
  lastJob: number;
}

/** Characters of one statement; well below the packet limit of the database, also when all need four bytes. */
const largestStatement = 2_000_000;

/** Inserts descriptions, several per statement. */
export async function insertDescriptions(tx: Transaction, rows: readonly DescriptionRow[]): Promise<void> {
  let batch: DescriptionRow[] = [];
  let size = 0;
  for (const row of rows) {
    const length = row.document.length + (row.jdl?.length ?? 0);
    if (batch.length > 0 && (size + length > largestStatement || batch.length >= 1_000)) {
      await insert(tx, batch);
      batch = [];
      size = 0;
    }
    batch.push(row);
    size += length;
  }
  if (batch.length > 0) await insert(tx, batch);
}

async function insert(tx: Transaction, rows: readonly DescriptionRow[]): Promise<void> {
  await tx.execute('INSERT INTO job_descriptions (description_id, vo, document, jdl, first_job, last_job) VALUES ?', [
    rows.map(({ id, vo, document, jdl, firstJob, lastJob }) => [id, vo, document, jdl, firstJob, lastJob]),
  ]);
}
