import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { toUSVString } from 'node:util';
import { objects } from '../../../contract/index.js';
import { checkKey } from '../../keys.js';
import type { ObjectDoor, OpenObject } from '../../object-door.js';
import { isGenuine, signObject, type SignedObject } from '../../signing.js';
import type { StorageContext } from '../../storage-driver.js';
import type { DownloadRequest, UploadForm, UploadRequest } from '../../storage-element.js';
import { StorageError } from '../../storage-error.js';
import { classified, classifiedStream } from '../../streams.js';
import { classifyFileError } from './classify-file-error.js';
import type { Draft } from './draft.js';
import type { ObjectTree } from './object-tree.js';

/** Signed forms and URLs that lead through this server, and what happens when they come back. */
export class FileDoor implements ObjectDoor {
  constructor(private readonly own: Required<StorageContext> & { se: string; tree: ObjectTree }) {}

  uploadForm({ key, sha256, size, expiresIn }: UploadRequest): UploadForm {
    const fields = { se: this.own.se, key, sha256, size: String(size), expires: this.expiry(expiresIn) };
    const signature = signObject(this.own.signingKey, { method: 'POST', ...fields });
    return { url: this.urlOf(objects.upload.path), fields: { ...fields, signature } };
  }

  downloadUrl({ key, expiresIn, filename }: DownloadRequest): string {
    const query: Record<'se' | 'key' | 'expires', string> & { filename?: string } = {
      se: this.own.se,
      key,
      expires: this.expiry(expiresIn),
    };
    if (filename !== undefined) query.filename = toUSVString(filename);
    const signature = signObject(this.own.signingKey, { method: 'GET', ...query });
    return `${this.urlOf(objects.download.path)}?${new URLSearchParams({ ...query, signature }).toString()}`;
  }

  async acceptUpload(fields: Readonly<Record<string, string>>, content: AsyncIterable<Buffer>): Promise<void> {
    const { sha256 = '', size = '' } = fields;
    const { key } = this.check({ method: 'POST', ...this.namedBy(fields), sha256, size }, fields.signature);
    await classified(classifyFileError, async () => {
      const draft = await this.own.tree.draft();
      try {
        await copyExactly(content, draft, { sha256, size: Number(size) });
        await draft.commit(this.own.tree.pathOf(key));
      } finally {
        await draft.discard();
      }
    });
  }

  async openDownload(query: Readonly<Record<string, string>>): Promise<OpenObject> {
    const { filename } = query;
    const named = filename === undefined ? {} : { filename };
    const { key } = this.check({ method: 'GET', ...this.namedBy(query), ...named }, query.signature);
    return classified(classifyFileError, async () => {
      const handle = await open(this.own.tree.pathOf(key), 'r');
      const { size } = await handle.stat();
      const read = (first: number, last: number): Readable => {
        // The door of an empty object has no first byte; its handle is closed by the stream all the same.
        const range = last < first ? { start: size } : { start: first, end: last };
        return classifiedStream(handle.createReadStream(range), classifyFileError);
      };
      return { size, filename, read, close: () => handle.close() };
    });
  }

  private namedBy(given: Readonly<Record<string, string>>): Pick<SignedObject, 'se' | 'key' | 'expires'> {
    return { se: this.own.se, key: given.key ?? '', expires: given.expires ?? '' };
  }

  private check(object: SignedObject, signature = ''): SignedObject {
    if (!isGenuine(this.own.signingKey, object, signature)) {
      throw new StorageError('authorisation', 'The signature is not genuine', { key: object.key });
    }
    if (this.own.now() >= Number(object.expires) * 1000) {
      throw new StorageError('authorisation', 'The signed URL has expired', { expires: object.expires });
    }
    checkKey(object.key);
    return object;
  }

  private expiry(expiresIn: number): string {
    return String(Math.ceil(this.own.now() / 1000 + expiresIn));
  }

  private urlOf(path: string): string {
    return this.own.publicUrl.replace(/\/+$/, '') + path;
  }
}

async function copyExactly(
  content: AsyncIterable<Buffer>,
  draft: Draft,
  announced: { sha256: string; size: number },
): Promise<void> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of content) {
    size += chunk.length;
    if (size > announced.size) break;
    hash.update(chunk);
    await draft.write(chunk);
  }
  if (size === announced.size && hash.digest('hex') === announced.sha256) return;
  const message = size === announced.size ? 'The bytes have another SHA-256' : 'The upload has another size';
  throw new StorageError('mismatch', `${message} than announced`, announced);
}
