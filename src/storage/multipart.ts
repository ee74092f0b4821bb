import type { Readable } from 'node:stream';

const mostFields = 32;
const longestHeader = 4 * 1024;
const longestField = 16 * 1024;
/** How much of a refused upload is read, so that its sender finishes and sees the refusal. */
const mostDiscarded = 128 * 1024 * 1024;

/** The body is not a form of text fields followed by the part `file`. */
export class MalformedForm extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'MalformedForm';
  }
}

/** A form whose fields were read and whose file still flows. */
export interface UploadedForm {
  fields: Record<string, string>;
  /** The bytes of the part `file`, to be read once; throws {@link MalformedForm} when the body ends inside it. */
  file: AsyncIterable<Buffer>;
}

/**
 * Reads `multipart/form-data` as it arrives (RFC 7578): text fields, then one part `file`; what follows that is ignored,
 * as S3 does. Memory is bounded: at most 32 fields of 16 KiB, and one chunk of the file.
 */
export class MultipartReader {
  private readonly chunks: AsyncIterator<Buffer>;
  private readonly delimiter: Buffer;
  // The first delimiter has no line end in front of it; with one it looks like all others.
  private buffer: Buffer = Buffer.from('\r\n');
  private ended = false;

  constructor(body: Readable, contentType: string | undefined) {
    this.chunks = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    this.delimiter = Buffer.from(`\r\n--${boundaryOf(contentType)}`);
  }

  /** Reads up to the beginning of the file. */
  async form(): Promise<UploadedForm> {
    const fields = new Map<string, string>();
    await this.takeUntil(this.delimiter, longestHeader);
    for (;;) {
      const name = await this.partName();
      if (name === 'file') return { fields: Object.fromEntries(fields), file: this.file() };
      if (fields.has(name))
        throw new MalformedForm(`The field ${JSON.stringify(name.slice(0, 40))} stands there twice`);
      if (fields.size === mostFields) throw new MalformedForm(`The form has more than ${mostFields} fields`);
      fields.set(name, (await this.takeUntil(this.delimiter, longestField)).toString('utf8'));
    }
  }

  /** Reads the rest of the body and forgets it; beyond 128 MiB it closes the body instead. */
  async discard(): Promise<void> {
    let size = 0;
    while (await this.fill()) {
      size += this.buffer.length;
      this.buffer = Buffer.alloc(0);
      if (size > mostDiscarded) await this.chunks.return?.();
    }
  }

  private async *file(): AsyncGenerator<Buffer> {
    for (;;) {
      const end = this.buffer.indexOf(this.delimiter);
      // Without a delimiter in sight, the last bytes may still be the beginning of one.
      const safe = end >= 0 ? end : this.buffer.length - this.delimiter.length + 1;
      if (safe > 0) yield this.take(safe);
      if (end >= 0) return;
      if (!(await this.fill())) throw new MalformedForm('The form ends inside the file');
    }
  }

  private async partName(): Promise<string> {
    while (this.buffer.length < 2 && (await this.fill()));
    if (this.buffer.toString('latin1', 0, 2) !== '\r\n') throw new MalformedForm('The form has no part named file');
    this.take(2);
    const header = (await this.takeUntil(Buffer.from('\r\n\r\n'), longestHeader)).toString('utf8');
    const disposition = /^content-disposition:\s*form-data\s*(;.*)$/im.exec(header)?.[1] ?? '';
    const name = /;\s*name=(?:"([^"]*)"|([^\s;"]+))/i.exec(disposition);
    if (name === null) throw new MalformedForm('A part of the form has no name');
    return name[1] ?? name[2] ?? '';
  }

  private async takeUntil(delimiter: Buffer, limit: number): Promise<Buffer> {
    for (;;) {
      const end = this.buffer.indexOf(delimiter);
      if (end > limit || (end < 0 && this.buffer.length > limit + delimiter.length)) {
        throw new MalformedForm(`A part of the form is longer than ${limit} bytes`);
      }
      if (end >= 0) {
        const taken = this.take(end);
        this.take(delimiter.length);
        return taken;
      }
      if (!(await this.fill())) throw new MalformedForm('The form ends too early');
    }
  }

  private take(length: number): Buffer {
    const taken = this.buffer.subarray(0, length);
    this.buffer = this.buffer.subarray(length);
    return taken;
  }

  private async fill(): Promise<boolean> {
    if (this.ended) return false;
    const next = await this.chunks.next().catch((error: unknown) => {
      this.ended = true;
      throw new MalformedForm('The upload broke off', error);
    });
    this.ended = next.done === true;
    if (next.done !== true)
      this.buffer = this.buffer.length === 0 ? next.value : Buffer.concat([this.buffer, next.value]);
    return !this.ended;
  }
}

function boundaryOf(contentType: string | undefined): string {
  const match = /^multipart\/form-data\s*;.*\bboundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType ?? '');
  const boundary = match?.[1] ?? match?.[2];
  if (boundary === undefined) throw new MalformedForm('The body is not multipart/form-data with a boundary');
  return boundary;
}
