import { open, rm, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { checkKey, checkPrefix } from '../../keys.js';
import type { StorageContext } from '../../storage-driver.js';
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
import { contentOf } from '../../object-content.js';
import { classified, classifiedStream, collect, tooLarge } from '../../streams.js';
import { classifyFileError } from './classify-file-error.js';
import { FileDoor } from './file-door.js';
import { nullIfMissing } from './missing.js';
import { ObjectTree } from './object-tree.js';

/** Objects as files below one folder, which may be a shared file system. Content types are not kept. */
export class FileStorageElement implements StorageElement {
  readonly door: FileDoor;
  private readonly tree: ObjectTree;

  constructor(
    readonly name: string,
    root: string,
    context: StorageContext,
  ) {
    const now = context.now ?? Date.now;
    this.tree = new ObjectTree(root, now);
    this.door = new FileDoor({ ...context, now, se: name, tree: this.tree });
  }

  async put(key: string, bytes: ObjectBytes, options: PutOptions = {}): Promise<void> {
    checkKey(key);
    const { signal } = options;
    const content = await contentOf(bytes);
    await classified(classifyFileError, () => this.write(key, content.chunks, signal), signal).finally(content.close);
  }

  async get(key: string, options: ReadOptions & { limit?: number } = {}): Promise<Buffer> {
    const { limit = Infinity, from = 0, signal } = options;
    const { size, stream } = await this.read(key, options);
    if (size - from > limit) {
      stream.destroy();
      throw tooLarge(size - from, limit);
    }
    return classified(classifyFileError, () => collect(stream, limit), signal);
  }

  async stream(key: string, options: ReadOptions = {}): Promise<Readable> {
    return (await this.read(key, options)).stream;
  }

  async head(key: string): Promise<{ size: number } | null> {
    checkKey(key);
    return classified(classifyFileError, async () => {
      const found = await stat(this.tree.pathOf(key)).catch(nullIfMissing);
      return found === null ? null : { size: found.size };
    });
  }

  async remove(keys: readonly string[]): Promise<void> {
    keys.forEach(checkKey);
    await classified(classifyFileError, async () => {
      for (const path of keys.map((key) => this.tree.pathOf(key))) {
        await rm(path, { force: true });
        await this.tree.prune(path);
      }
    });
  }

  async *list(prefix: string, limit: number): AsyncGenerator<StoredObject> {
    checkPrefix(prefix);
    const rows = this.tree.list(prefix);
    for (let count = 0; count < limit; count++) {
      const row = await classified(classifyFileError, () => rows.next());
      if (row.done === true) return;
      yield row.value;
    }
  }

  async uploadForm(request: UploadRequest): Promise<UploadForm> {
    checkKey(request.key);
    return this.door.uploadForm(request);
  }

  async downloadUrl(request: DownloadRequest): Promise<string> {
    checkKey(request.key);
    return this.door.downloadUrl(request);
  }

  /** Nothing stays open between calls. */
  async close(): Promise<void> {}

  private async write(key: string, chunks: AsyncIterable<Buffer>, signal: AbortSignal | undefined): Promise<void> {
    const draft = await this.tree.draft();
    try {
      for await (const chunk of chunks) {
        signal?.throwIfAborted();
        await draft.write(chunk);
      }
      signal?.throwIfAborted();
      await draft.commit(this.tree.pathOf(key));
    } finally {
      await draft.discard();
    }
  }

  private async read(key: string, options: ReadOptions): Promise<{ size: number; stream: Readable }> {
    checkKey(key);
    const { from = 0, signal } = options;
    return classified(
      classifyFileError,
      async () => {
        const handle = await open(this.tree.pathOf(key), 'r');
        const { size } = await handle.stat();
        return { size, stream: classifiedStream(handle.createReadStream({ start: from }), classifyFileError, signal) };
      },
      signal,
    );
  }
}
