import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { z } from 'zod';

/**
 * An archive is a gzip of JSON lines. The first says what it is; each description stands before the jobs that use it, so
 * that a reader needs to remember one at a time.
 */
export const ArchiveLine = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('archive'),
    format: z.literal(1),
    archive: z.number(),
    vo: z.string(),
    jobs: z.number(),
  }),
  z.object({
    kind: z.literal('description'),
    description_id: z.number(),
    created_at: z.string().nullable(),
    /** JSON, as it was stored; null when the database had lost it. */
    document: z.string().nullable(),
    jdl: z.string().nullable(),
  }),
  z.object({
    kind: z.literal('job'),
    job: z.looseObject({ job_id: z.number(), description_id: z.number(), status: z.string() }),
    history: z.array(z.looseObject({})),
    attempts: z.array(z.looseObject({})),
    parameters: z.array(z.looseObject({})),
    sandboxes: z.array(z.looseObject({})),
    /** What was left of the pilots of its attempts. */
    pilots: z.array(z.looseObject({ stamp: z.string() })),
  }),
]);
export type ArchiveLine = z.output<typeof ArchiveLine>;
export type DescriptionLine = Extract<ArchiveLine, { kind: 'description' }>;
export type JobLine = Extract<ArchiveLine, { kind: 'job' }>;

/** The lines of an archive, out of its bytes as they are stored. Throws when it is damaged or ends too early. */
export async function* readLines(bytes: Readable): AsyncGenerator<ArchiveLine> {
  const plain = bytes.pipe(createGunzip());
  bytes.on('error', (error) => plain.destroy(error));
  const decoder = new TextDecoder();
  let begun = '';
  try {
    for await (const chunk of plain) {
      // Not by readline: it also splits at U+2028, which JSON leaves as it is.
      const [first = '', ...others] = decoder.decode(chunk as Buffer, { stream: true }).split('\n');
      begun += first;
      for (const next of others) {
        yield ArchiveLine.parse(JSON.parse(begun));
        begun = next;
      }
    }
    if (begun !== '') throw new Error('The archive ends in the middle of a line');
  } finally {
    bytes.destroy();
  }
}
