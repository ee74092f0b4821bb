import { StorageError, type StorageErrorKind } from '../../storage-error.js';

const kinds: Record<string, StorageErrorKind> = {
  ENOENT: 'not-found',
  EACCES: 'authorisation',
  EPERM: 'authorisation',
  EROFS: 'authorisation',
  ENOSPC: 'full',
  EDQUOT: 'full',
  EFBIG: 'full',
  EIO: 'unreachable',
  ESTALE: 'unreachable',
  ENOTCONN: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ETIMEDOUT: 'unreachable',
  EMFILE: 'unreachable',
  ENFILE: 'unreachable',
};

/** The kind of a file system's error. A network file system that is away counts as `unreachable`. */
export function classifyFileError(error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const kind = kinds[code ?? ''] ?? 'protocol';
  return new StorageError(kind, kind === 'not-found' ? 'There is no such object' : message, error);
}
