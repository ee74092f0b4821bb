/** For `.catch` of a file system call: null for what does not exist; any other error stays one. */
export function nullIfMissing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}
