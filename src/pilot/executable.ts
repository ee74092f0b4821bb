import { accessSync, chmodSync, constants, realpathSync, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, sep } from 'node:path';

/** Replaces `$NAME` and `${NAME}` by their values; names without a value stay as they are. */
export function expandVariables(text: string, environment: Readonly<Record<string, string>>): string {
  return text.replace(/\$(?:\{(\w+)\}|([A-Za-z_]\w*))/g, (whole, braced?: string, bare?: string) => {
    return environment[braced ?? bare ?? ''] ?? whole;
  });
}

/**
 * The path of a job's executable: with variables expanded, absolute as it stands, else in the job's directory, else,
 * when it has no slash, on PATH. A file of the job is made executable. Undefined when there is none, and for a relative
 * name that leaves the job's directory: rights are changed by the pilot, who may be root.
 */
export function resolveExecutable(
  executable: string,
  job: string,
  environment: Readonly<Record<string, string>>,
): string | undefined {
  const name = expandVariables(executable, environment);
  if (isAbsolute(name)) return isFile(name) ? name : undefined;
  const own = join(job, name);
  if (isFile(own)) {
    const real = realpathSync(own);
    if (!real.startsWith(realpathSync(job) + sep)) return undefined;
    chmodSync(real, statSync(real).mode | 0o755);
    return own;
  }
  if (name.includes('/')) return undefined;
  return (environment['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => isAbsolute(folder))
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

/** Quotes a word for sh. */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return isFile(path);
  } catch {
    return false;
  }
}
