import { z } from 'zod';
import { fileDriver, FileStorageSettings } from './drivers/file/file-driver.js';
import { s3Driver } from './drivers/s3/s3-driver.js';
import { S3StorageSettings } from './drivers/s3/s3-settings.js';
import type { StorageContext, StorageDriver } from './storage-driver.js';
import type { StorageElement } from './storage-element.js';

/** Every kind of storage element. A new driver is added here and to {@link StorageSettings}. */
export const storageDrivers = [fileDriver, s3Driver] as const;

/** Settings of a storage element in the configuration; secrets are resolved before they come here. */
export const StorageSettings = z.discriminatedUnion('driver', [FileStorageSettings, S3StorageSettings]);
export type StorageSettings = z.output<typeof StorageSettings>;

/** Opens a storage element by its settings. Makes no connection yet. */
export function openStorageElement(name: string, settings: StorageSettings, context: StorageContext): StorageElement {
  const driver = storageDrivers.find((candidate) => candidate.driver === settings.driver) as StorageDriver | undefined;
  if (driver === undefined) throw new Error(`There is no storage driver ${settings.driver}`);
  return driver.open(name, settings, context);
}
