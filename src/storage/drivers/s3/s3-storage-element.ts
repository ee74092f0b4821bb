import {
  CreateBucketCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  paginateListObjectsV2,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { Readable } from 'node:stream';
import { checkKey, checkPrefix } from '../../keys.js';
import { contentOf } from '../../object-content.js';
import type {
  DownloadRequest,
  ObjectBytes,
  PutOptions,
  ReadOptions,
  StorageElement,
  StoredObject,
  UploadForm,
  UploadRequest,
} from '../../storage-element.js';
import { StorageError } from '../../storage-error.js';
import { classified, classifiedStream, collect, tooLarge } from '../../streams.js';
import { classifyS3Error } from './classify-s3-error.js';
import { presignDownload, presignUpload } from './presign.js';
import { emptyBody, openS3Client } from './s3-client.js';
import type { S3StorageSettings } from './s3-settings.js';

/** The most keys that S3 lists or removes at once. */
const page = 1000;

/** Objects in one bucket, optionally below a prefix. An object is at most 5 GiB, S3's limit of one PUT. */
export class S3StorageElement implements StorageElement {
  private readonly client: S3Client;
  private readonly bucket: string;
  private readonly folder: string;

  constructor(
    readonly name: string,
    settings: S3StorageSettings,
  ) {
    this.client = openS3Client(settings);
    this.bucket = settings.bucket;
    this.folder = settings.prefix === undefined ? '' : `${settings.prefix}/`;
  }

  async put(key: string, bytes: ObjectBytes, options: PutOptions = {}): Promise<void> {
    const { signal, contentType = 'application/octet-stream' } = options;
    const target = this.target(key);
    const content = await contentOf(bytes);
    const body = Buffer.isBuffer(bytes) ? bytes : content.chunks;
    const command = new PutObjectCommand({
      ...target,
      Body: body,
      ContentLength: content.size,
      ContentType: contentType,
    });
    await classified(classifyS3Error, () => this.client.send(command, abortedBy(signal)), signal).finally(
      content.close,
    );
  }

  async get(key: string, options: ReadOptions & { limit?: number } = {}): Promise<Buffer> {
    const { limit = Infinity, signal } = options;
    const { size, stream } = await this.read(key, options);
    if (size > limit) {
      stream.destroy();
      throw tooLarge(size, limit);
    }
    return classified(classifyS3Error, () => collect(stream, limit), signal);
  }

  async stream(key: string, options: ReadOptions = {}): Promise<Readable> {
    return (await this.read(key, options)).stream;
  }

  async head(key: string): Promise<{ size: number } | null> {
    const command = new HeadObjectCommand(this.target(key));
    const found = await classified(classifyS3Error, () => this.client.send(command)).catch(nullIfNotFound);
    return found === null ? null : { size: found.ContentLength ?? 0 };
  }

  async remove(keys: readonly string[]): Promise<void> {
    const objects = keys.map((key) => ({ Key: this.target(key).Key }));
    for (let start = 0; start < objects.length; start += page) {
      const command = new DeleteObjectsCommand({
        Bucket: this.bucket,
        Delete: { Objects: objects.slice(start, start + page), Quiet: true },
      });
      const { Errors = [] } = await classified(classifyS3Error, () => this.client.send(command));
      const failed = Errors.find(({ Code }) => Code !== 'NoSuchKey');
      if (failed === undefined) continue;
      const kind = failed.Code === 'AccessDenied' ? 'authorisation' : 'unreachable';
      throw new StorageError(kind, `${failed.Key} was not removed: ${failed.Message ?? failed.Code}`, failed);
    }
  }

  async *list(prefix: string, limit: number): AsyncGenerator<StoredObject> {
    checkPrefix(prefix);
    const pages = paginateListObjectsV2(
      { client: this.client, pageSize: Math.min(page, Math.max(limit, 1)) },
      { Bucket: this.bucket, Prefix: this.folder + prefix },
    );
    for (let left = limit; left > 0;) {
      const next = await classified(classifyS3Error, () => pages.next());
      if (next.done === true) return;
      const rows = (next.value.Contents ?? []).slice(0, left);
      for (const { Key = '', Size = 0, LastModified = new Date(0) } of rows) {
        yield { key: Key.slice(this.folder.length), size: Size, modifiedAt: LastModified };
      }
      left -= rows.length;
    }
  }

  async uploadForm(request: UploadRequest): Promise<UploadForm> {
    return presignUpload(this.client, this.target(request.key), request);
  }

  async downloadUrl(request: DownloadRequest): Promise<string> {
    return presignDownload(this.client, this.target(request.key), request);
  }

  /** Makes the bucket unless it exists; nothing else of this driver does. */
  async ensureBucket(): Promise<void> {
    const bucket = { Bucket: this.bucket };
    const found = await classified(classifyS3Error, () => this.client.send(new HeadBucketCommand(bucket))).catch(
      nullIfNotFound,
    );
    if (found === null) await classified(classifyS3Error, () => this.client.send(new CreateBucketCommand(bucket)));
  }

  async close(): Promise<void> {
    this.client.destroy();
  }

  private async read(key: string, options: ReadOptions): Promise<{ size: number; stream: Readable }> {
    const { from = 0, signal } = options;
    const range = from === 0 ? {} : { Range: `bytes=${from}-` };
    const command = new GetObjectCommand({ ...this.target(key), ...range });
    const found = await classified(
      classifyS3Error,
      () => this.client.send(command, abortedBy(signal)).catch(emptyBehindTheEnd),
      signal,
    );
    const stream = classifiedStream(found.Body as Readable, classifyS3Error, signal);
    return { size: found.ContentLength ?? 0, stream };
  }

  private target(key: string): { Bucket: string; Key: string } {
    checkKey(key);
    return { Bucket: this.bucket, Key: this.folder + key };
  }
}

function abortedBy(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}

function nullIfNotFound(error: StorageError): null {
  if (error.kind === 'not-found') return null;
  throw error;
}

function emptyBehindTheEnd(error: Error): { Body: unknown; ContentLength: number } {
  if (error.name !== 'InvalidRange') throw error;
  return { Body: emptyBody(), ContentLength: 0 };
}
