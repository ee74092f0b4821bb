import type { z } from 'zod';
import type { StorageElement } from './storage-element.js';

/** What the server gives to every storage element. */
export interface StorageContext {
  /** Secret of at least 32 bytes, the same in all servers, for forms and URLs through the server's own door. */
  signingKey: Buffer;
  /** The server's base URL as clients and pilots reach it. */
  publicUrl: string;
  /** Milliseconds since 1970; the system's clock unless given. */
  now?: () => number;
}

/** One kind of storage element: its settings in the configuration and how to open it. */
export interface StorageDriver<Settings extends z.ZodType = z.ZodType> {
  driver: string;
  settings: Settings;
  /** Makes no connection and writes nothing. */
  open(name: string, settings: z.output<Settings>, context: StorageContext): StorageElement;
}
