import type { StorageDriver } from '../../storage-driver.js';
import { S3StorageSettings } from './s3-settings.js';
import { S3StorageElement } from './s3-storage-element.js';

/** Objects in a bucket of an S3 store; uploads and downloads go straight to the store by presigned forms and URLs. */
export const s3Driver: StorageDriver<typeof S3StorageSettings> = {
  driver: 's3',
  settings: S3StorageSettings,
  open: (name, settings) => new S3StorageElement(name, settings),
};
