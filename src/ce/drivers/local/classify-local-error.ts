import { ComputingElementError } from '../../errors.js';

/** Gives an error of the file system or of a spawn its kind. Anything else, abort reasons included, stays as it is. */
export function classifyLocalError(error: unknown, folder: string): unknown {
  if (error instanceof ComputingElementError || !(error instanceof Error)) return error;
  const code = (error as NodeJS.ErrnoException).code;
  if (typeof code !== 'string' || !/^E[A-Z]+$/.test(code)) return error;
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new ComputingElementError(
      'authorisation',
      `Cannot write in ${folder}: make it writable for the agents`,
      error,
    );
  }
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EAGAIN' || code === 'ENOMEM' || code === 'EMFILE') {
    return new ComputingElementError('capacity', `The machine has run out of something (${error.message})`, error);
  }
  return new ComputingElementError('protocol', `Cannot work in ${folder}: ${error.message}`, error);
}
