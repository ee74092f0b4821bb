import { S3Client } from '@aws-sdk/client-s3';
import { Readable } from 'node:stream';
import type { S3StorageSettings } from './s3-settings.js';

/** An S3 client with the settings' credentials only: nothing is read from the environment or from files. */
export function openS3Client(settings: S3StorageSettings): S3Client {
  return new S3Client({
    endpoint: settings.endpoint,
    region: settings.region,
    forcePathStyle: settings.path_style,
    credentials: { accessKeyId: settings.access_key, secretAccessKey: settings.secret_key },
    // Stores other than Amazon's do not all know the newer checksums; every object here has its own SHA-256 or size check.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: settings.connect_timeout * 1000,
      socketTimeout: settings.timeout * 1000,
    },
  });
}

/** The body of a read that begins behind the end. */
export function emptyBody(): Readable {
  return Readable.from([], { objectMode: false });
}
