import { StorageError, type StorageErrorKind } from '../../storage-error.js';

const byName: Record<string, StorageErrorKind> = {
  NoSuchKey: 'not-found',
  NotFound: 'not-found',
  // Not `not-found`: a wrong setting must not look like an object that is gone.
  NoSuchBucket: 'protocol',
  QuotaExceeded: 'full',
  InsufficientStorage: 'full',
  EntityTooLarge: 'full',
  TimeoutError: 'unreachable',
  RequestTimeout: 'unreachable',
  SlowDown: 'unreachable',
};

const byStatus: Record<number, StorageErrorKind> = {
  401: 'authorisation',
  403: 'authorisation',
  404: 'not-found',
  408: 'unreachable',
  429: 'unreachable',
  507: 'full',
};

const network =
  /^(ECONN(REFUSED|RESET|ABORTED)|EPIPE|E(HOST|NET)(UNREACH|DOWN)|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|ERR_STREAM_PREMATURE_CLOSE)$/;

/**
 * The kind of an error of the S3 client: by the store's code, else by the HTTP status. A request that was sent and never
 * answered is `unreachable`, whatever the reason; so is an answer that breaks off.
 */
export function classifyS3Error(error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  const { name, message, code, $metadata } = error as Error & {
    code?: string;
    $metadata?: { httpStatusCode?: number };
  };
  const unanswered = $metadata !== undefined && $metadata.httpStatusCode === undefined;
  const brokenOff = network.test(code ?? '');
  const kind =
    byName[name] ?? kindOfStatus($metadata?.httpStatusCode) ?? (unanswered || brokenOff ? 'unreachable' : 'protocol');
  return new StorageError(kind, message === '' || message === undefined ? (code ?? name) : message, error);
}

function kindOfStatus(status: number | undefined): StorageErrorKind | undefined {
  if (status === undefined) return undefined;
  return byStatus[status] ?? (status >= 500 ? 'unreachable' : undefined);
}
