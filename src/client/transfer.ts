import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { SandboxUpload } from '../contract/index.js';
import type { Connection } from './connection.js';
import { type TryAgain, unreachableOnly } from './retry.js';
import { Unreachable } from './unreachable.js';

/** The store answered, and refused. */
export class TransferRefused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
    this.name = 'TransferRefused';
  }
}

/** Judges a failed transfer for `persist`: no answer, 408, 429 and 5xx are worth another try. */
export function transferMayHelp(error: unknown): TryAgain | undefined {
  if (!(error instanceof TransferRefused)) return unreachableOnly(error);
  return error.status >= 500 || error.status === 429 || error.status === 408 ? { reason: error.message } : undefined;
}

/**
 * The same for transfers that ask for a fresh signature before each try: then 403 is worth another one too, because the
 * signature may have expired on its way.
 */
export function freshSignatureMayHelp(error: unknown): TryAgain | undefined {
  const refused = error instanceof TransferRefused && error.status === 403;
  return refused ? { reason: error.message } : transferMayHelp(error);
}

/** What a transfer may set. */
export interface TransferOptions {
  signal?: AbortSignal;
  /** Milliseconds until the store must have answered; 10 minutes unless said. */
  timeout?: number;
}

/** Uploads a file by a form: multipart/form-data POST, all fields first, then the part `file`. Any 2xx is success. */
export async function uploadForm(
  connection: Connection,
  upload: Pick<SandboxUpload, 'url' | 'fields'>,
  file: string,
  options: TransferOptions = {},
): Promise<void> {
  if (upload.url === null) return;
  const boundary = `pilotage-${randomUUID()}`;
  const { size } = await stat(file);
  const head = Buffer.from(formHead(upload.fields, boundary));
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  const body = Readable.from(
    (async function* () {
      yield head;
      yield* createReadStream(file);
      yield tail;
    })(),
    { objectMode: false },
  );
  const reply = await connection.open({
    method: 'POST',
    url: upload.url,
    // An S3 store takes no chunked form, so the length is said beforehand.
    headers: {
      'content-type': `multipart/form-data; boundary=${boundary}`,
      'content-length': String(head.length + size + tail.length),
    },
    body,
    timeout: options.timeout ?? 600_000,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const answer = await connection.text(reply, options.signal);
  const status = reply.statusCode ?? 0;
  if (status < 200 || status > 299) throw new TransferRefused(status, refusal('upload', status, answer));
}

function formHead(fields: Record<string, string>, boundary: string): string {
  const parts = Object.entries(fields).map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const file = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="sandbox"\r\n`;
  return `${parts.join('')}${file}Content-Type: application/octet-stream\r\n\r\n`;
}

/** What a download left in the target file. */
export interface Downloaded {
  size: number;
  sha256: string;
}

/** Fetches a URL into a file. Refuses more than `limit` bytes; a failed download leaves no file. */
export async function downloadFile(
  connection: Connection,
  from: { url: string; limit: number },
  target: string,
  options: TransferOptions = {},
): Promise<Downloaded> {
  const reply = await connection.open({
    method: 'GET',
    url: from.url,
    timeout: options.timeout ?? 600_000,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const status = reply.statusCode ?? 0;
  if (status !== 200) throw new TransferRefused(status, refusal('download', status, await connection.text(reply)));
  const hash = createHash('sha256');
  let size = 0;
  const measure = new Transform({
    transform(chunk: Buffer, _, done) {
      size += chunk.length;
      hash.update(chunk);
      done(size > from.limit ? new TransferRefused(413, `the file is larger than ${from.limit} bytes`) : null, chunk);
    },
  });
  try {
    await pipeline(reply, measure, createWriteStream(target, { mode: 0o600 }));
  } catch (error) {
    await rm(target, { force: true });
    if (options.signal?.aborted === true) throw options.signal.reason;
    if (error instanceof TransferRefused) throw error;
    // A full disk is this machine's trouble; a reply that broke off is the network's.
    if (['ENOSPC', 'EACCES', 'ENOENT', 'EROFS', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? ''))
      throw error;
    throw new Unreachable(connection.resolve(from.url).host, error);
  }
  return { size, sha256: hash.digest('hex') };
}

function refusal(what: string, status: number, body: string): string {
  return `the store refused the ${what}: HTTP ${status} ${body.replace(/\s+/g, ' ').slice(0, 200)}`.trim();
}
