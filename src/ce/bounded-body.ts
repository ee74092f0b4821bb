import { ComputingElementError } from './errors.js';

/**
 * The whole of a reply of at most `limit` bytes. A longer one is given up at once, with the connection that brings it:
 * throws `protocol`. `what` names the reply in messages.
 */
export async function readBounded(body: AsyncIterable<Uint8Array>, limit: number, what: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > limit) throw tooLong(what, limit);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

/** The last `keep` bytes of a body of at most `limit` bytes, read in a stream. Throws `protocol` when it is longer. */
export async function readEnd(
  body: AsyncIterable<Uint8Array>,
  { keep, limit, what }: { keep: number; limit: number; what: string },
): Promise<Buffer> {
  const end = new StreamEnd(keep);
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > limit) throw tooLong(what, limit);
    end.add(chunk);
  }
  return end.bytes();
}

/** A JSON reply of at most `limit` bytes. Throws `protocol` when it is longer, or no JSON, or cut off. */
export async function readJson(body: AsyncIterable<Uint8Array>, limit: number, what: string): Promise<unknown> {
  const text = (await readBounded(body, limit, what)).toString('utf8');
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const beginning = text.slice(0, 100).replaceAll(/\s+/g, ' ');
    throw new ComputingElementError(
      'protocol',
      `${what} is no JSON, or only a part of it; it begins: ${beginning}`,
      error,
    );
  }
}

/** The last bytes of a stream, in memory of at most twice as many. */
export class StreamEnd {
  private chunks: Uint8Array[] = [];
  private length = 0;

  constructor(private readonly keep: number) {}

  add(chunk: Uint8Array): void {
    // A copy, because a part would keep the whole chunk in memory.
    this.chunks.push(chunk.length > this.keep ? Buffer.from(chunk.subarray(chunk.length - this.keep)) : chunk);
    this.length += Math.min(chunk.length, this.keep);
    if (this.length <= 2 * this.keep) return;
    const end = this.bytes();
    this.chunks = [end];
    this.length = end.length;
  }

  bytes(): Buffer {
    const all = Buffer.concat(this.chunks, this.length);
    return all.length <= this.keep ? all : Buffer.from(all.subarray(all.length - this.keep));
  }
}

function tooLong(what: string, limit: number): ComputingElementError {
  return new ComputingElementError('protocol', `${what} is longer than ${limit} bytes; it was not read further`);
}
