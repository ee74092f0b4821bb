export { checkStorage, ConfiguredStorageElements, type S3Keys } from './configured-storage-elements.js';
export { attachment } from './content-disposition.js';
export { checkKey, checkPrefix } from './keys.js';
export { ObjectsController, passMultipart } from './objects.controller.js';
export { openStorageElement, storageDrivers, StorageSettings } from './open-storage-element.js';
export { S3StorageElement } from './drivers/s3/s3-storage-element.js';
export { STORAGE_ELEMENTS, StorageElements } from './storage-elements.js';
export type { StorageContext } from './storage-driver.js';
export { StorageError, type StorageErrorKind } from './storage-error.js';
export { storageRefusal } from './storage-refusal.js';
export type {
  DownloadRequest,
  ObjectBytes,
  PutOptions,
  ReadOptions,
  StorageElement,
  StoredObject,
  UploadForm,
  UploadRequest,
} from './storage-element.js';
