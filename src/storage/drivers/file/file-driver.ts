import { isAbsolute } from 'node:path';
import { z } from 'zod';
import type { StorageDriver } from '../../storage-driver.js';
import { FileStorageElement } from './file-storage-element.js';

/** Settings of the `file` driver. */
export const FileStorageSettings = z.strictObject({
  driver: z.literal('file'),
  /** Absolute path of the folder; made when the first object is stored. Several servers need a shared file system. */
  root: z.string().refine(isAbsolute, 'must be an absolute path'),
});
export type FileStorageSettings = z.output<typeof FileStorageSettings>;

/** Objects as files below a folder; uploads and downloads go through the server by signed URLs. */
export const fileDriver: StorageDriver<typeof FileStorageSettings> = {
  driver: 'file',
  settings: FileStorageSettings,
  open: (name, settings, context) => new FileStorageElement(name, settings.root, context),
};
