import type { Readable } from 'node:stream';

/** An object that is open for reading; `read` or `close` must be called, once. */
export interface OpenObject {
  /** Bytes. */
  size: number;
  filename: string | undefined;
  /** The bytes from `first` to `last`, both included. The object closes with the stream. */
  read(first: number, last: number): Readable;
  close(): Promise<void>;
}

/** The server's own way in and out of a storage element, for stores without presigned URLs. */
export interface ObjectDoor {
  /**
   * Takes an upload made with a form of `uploadForm`. Throws StorageError: `authorisation` for a form that is not genuine
   * or expired, `mismatch` for other bytes than announced. After an error nothing of the upload is left.
   */
  acceptUpload(fields: Readonly<Record<string, string>>, content: AsyncIterable<Buffer>): Promise<void>;

  /** Opens what a URL of `downloadUrl` names. Throws StorageError: `authorisation` or `not-found`. */
  openDownload(query: Readonly<Record<string, string>>): Promise<OpenObject>;
}
