import type { Queryable } from './database.js';

/** What a transaction may ask to be done after it: the topic names the BullMQ task, the payload carries ids only. */
export interface Message {
  topic: 'check-jobs' | 'demand' | 'seal-log' | 'stop-pilots';
  payload: Record<string, unknown>;
}

/** Writes messages in the transaction that causes them; the relay agent hands them on after the commit. */
export async function send(tx: Queryable, messages: Message[]): Promise<void> {
  if (messages.length === 0) return;
  await tx.execute(
    `INSERT INTO outbox (topic, payload) VALUES ${messages.map(() => '(?, ?)').join(', ')}`,
    messages.flatMap(({ topic, payload }) => [topic, JSON.stringify(payload)]),
  );
}
