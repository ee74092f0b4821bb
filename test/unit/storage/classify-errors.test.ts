import { describe, expect, it } from '@jest/globals';
import { classifyFileError } from '../../../src/storage/drivers/file/classify-file-error.js';
import { classifyS3Error } from '../../../src/storage/drivers/s3/classify-s3-error.js';
import { StorageError } from '../../../src/storage/index.js';

const fileError = (code: string) => Object.assign(new Error(`${code}: failed`), { code });

describe('errors of a file system', () => {
  it.each([
    ['ENOSPC', 'full'],
    ['EDQUOT', 'full'],
    ['ENOENT', 'not-found'],
    ['EACCES', 'authorisation'],
    ['EROFS', 'authorisation'],
    ['EIO', 'unreachable'],
    ['ESTALE', 'unreachable'],
    ['ENOTDIR', 'protocol'],
  ])('%s is %s', (code, kind) => {
    const error = fileError(code);
    expect(classifyFileError(error)).toMatchObject({ kind, cause: error });
  });

  it('leaves a storage error as it is', () => {
    const error = new StorageError('mismatch', 'other bytes', null);
    expect(classifyFileError(error)).toBe(error);
    expect(classifyS3Error(error)).toBe(error);
  });
});

describe('errors of an S3 store', () => {
  const answered = (name: string, httpStatusCode: number) =>
    Object.assign(new Error(name), { name, $metadata: { httpStatusCode } });

  it.each([
    [answered('NoSuchKey', 404), 'not-found'],
    [answered('NotFound', 404), 'not-found'],
    [answered('NoSuchBucket', 404), 'protocol'],
    [answered('AccessDenied', 403), 'authorisation'],
    [answered('SignatureDoesNotMatch', 403), 'authorisation'],
    [answered('403', 403), 'authorisation'],
    [answered('QuotaExceeded', 403), 'full'],
    [answered('InsufficientStorage', 507), 'full'],
    [answered('InternalError', 500), 'unreachable'],
    [answered('SlowDown', 503), 'unreachable'],
    [answered('TooManyRequests', 429), 'unreachable'],
    [answered('InvalidArgument', 400), 'protocol'],
    [Object.assign(new Error('no answer'), { $metadata: { attempts: 3 } }), 'unreachable'],
    [fileError('ECONNRESET'), 'unreachable'],
    [new TypeError('a bug'), 'protocol'],
  ])('%s is %s', (error, kind) => {
    expect(classifyS3Error(error)).toMatchObject({ kind, cause: error });
  });
});
