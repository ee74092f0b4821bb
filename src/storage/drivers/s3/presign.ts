import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { createPresignedPost } from '@aws-sdk/s3-presigned-post';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { attachment } from '../../content-disposition.js';
import type { DownloadRequest, UploadForm, UploadRequest } from '../../storage-element.js';

/** One object in its bucket. */
export interface Target {
  Bucket: string;
  Key: string;
}

/**
 * A POST policy (Signature Version 4) that accepts this key, exactly this many bytes, and bytes of this SHA-256. The last
 * condition holds where the store checks `x-amz-checksum-sha256`; others keep the field and accept any bytes.
 */
export async function presignUpload(client: S3Client, target: Target, request: UploadRequest): Promise<UploadForm> {
  const { sha256, size, expiresIn } = request;
  const { url, fields } = await createPresignedPost(client, {
    ...target,
    Conditions: [['content-length-range', size, size]],
    Fields: {
      'x-amz-checksum-algorithm': 'SHA256',
      'x-amz-checksum-sha256': Buffer.from(sha256, 'hex').toString('base64'),
    },
    Expires: expiresIn,
  });
  return { url, fields };
}

/** A presigned GET (Signature Version 4 in the query). */
export function presignDownload(client: S3Client, target: Target, request: DownloadRequest): Promise<string> {
  const command = new GetObjectCommand({ ...target, ResponseContentDisposition: attachment(request.filename) });
  return getSignedUrl(client, command, { expiresIn: request.expiresIn });
}
