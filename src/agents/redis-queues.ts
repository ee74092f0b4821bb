import type { Redis } from 'ioredis';

/** What all BullMQ queues of the agents have in common: one hash slot, so that a Redis cluster can hold them. */
export function queueOptions(redis: Redis, prefix: string): { connection: Redis; prefix: string } {
  return { connection: redis, prefix: `{${prefix}:agents}` };
}

/** Redis may go away in the middle of a command, and the command would wait for its return. */
export async function within<T>(seconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Redis gave no answer in ${seconds} s`)), seconds * 1000);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
