import type { Readable } from 'node:stream';
import type { ObjectDoor } from './object-door.js';

/** What an object is made of: bytes in memory, or a local file of exactly `size` bytes. */
export type ObjectBytes = Buffer | { path: string; size: number };

/** How an object is stored. */
export interface PutOptions {
  contentType?: string;
  signal?: AbortSignal;
}

/** Which part of an object is read. */
export interface ReadOptions {
  /** Offset of the first byte; at or behind the end there is nothing to read, which is no error. */
  from?: number;
  signal?: AbortSignal;
}

/** One row of a listing. */
export interface StoredObject {
  key: string;
  /** Bytes. */
  size: number;
  modifiedAt: Date;
}

/** An upload that accepts exactly the announced bytes. */
export interface UploadRequest {
  key: string;
  /** 64 hexadecimal digits, lower case. */
  sha256: string;
  /** Bytes. */
  size: number;
  /** Seconds. */
  expiresIn: number;
}

/** A multipart POST to `url`: all `fields` first, then the part `file`. Any 2xx is success. */
export interface UploadForm {
  url: string;
  fields: Record<string, string>;
}

/** A plain GET, without a token. */
export interface DownloadRequest {
  key: string;
  /** Seconds. */
  expiresIn: number;
  /** Name under which a browser saves the object. */
  filename?: string;
}

/**
 * A place that keeps objects by key (keys: see `checkKey`). Every method throws {@link StorageError} with a kind, or the
 * reason of its abort signal; every call may be repeated. Drivers do not retry beyond what their protocol does.
 */
export interface StorageElement {
  /** As in the configuration, e.g. `SandboxSE`. */
  readonly name: string;

  /** Present when signed forms and URLs lead through this server, because the store has none of its own. */
  readonly door?: ObjectDoor;

  /** Stores or replaces an object: a reader sees the old object or the new, never a part. Durable when it returns. */
  put(key: string, bytes: ObjectBytes, options?: PutOptions): Promise<void>;

  /** The bytes of an object. More than `limit` bytes (from `from` on) are refused as `too-large` before they are read. */
  get(key: string, options?: ReadOptions & { limit?: number }): Promise<Buffer>;

  /** The bytes of an object, in pieces and with back-pressure. Its errors are StorageErrors too. */
  stream(key: string, options?: ReadOptions): Promise<Readable>;

  /** The size in bytes; null when there is no such object. */
  head(key: string): Promise<{ size: number } | null>;

  /** Removes objects in bulk; unknown keys are no error. */
  remove(keys: readonly string[]): Promise<void>;

  /** At most `limit` objects whose keys begin with `prefix`, ascending by key, read page by page as they are consumed. */
  list(prefix: string, limit: number): AsyncIterable<StoredObject>;

  /** A form that lets anybody who holds it upload these bytes under this key, until it expires. */
  uploadForm(request: UploadRequest): Promise<UploadForm>;

  /** A URL that lets anybody who holds it fetch this object, until it expires. The object need not exist yet. */
  downloadUrl(request: DownloadRequest): Promise<string>;

  /** Ends open connections. */
  close(): Promise<void>;
}
