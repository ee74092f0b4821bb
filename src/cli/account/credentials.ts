import { randomUUID } from 'node:crypto';
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { CommandFailure } from '../failure.js';

const Credentials = z.object({ url: z.string(), ca: z.string().optional(), token: z.string() });

/** What `pilotage login` keeps: the server, the PEM of its CA, and the token. */
export type Credentials = z.output<typeof Credentials>;

/** The stored credentials, or null when nobody has signed in. */
export async function readCredentials(path: string): Promise<Credentials | null> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return null;
    throw new CommandFailure(`${path} cannot be read`, 'check its permissions', { cause: error });
  }
  try {
    return Credentials.parse(JSON.parse(text));
  } catch (cause) {
    throw new CommandFailure(`${path} is damaged`, 'sign in again with "pilotage login"', { cause, exitCode: 3 });
  }
}

/** Writes the credentials so that only their owner can read them. Readers see the old file or the new one. */
export async function writeCredentials(path: string, credentials: Credentials): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const written = `${path}.${randomUUID()}`;
  await writeFile(written, `${JSON.stringify(credentials, null, 2)}\n`, { mode: 0o600 });
  await chmod(written, 0o600);
  await rename(written, path);
}

/** Removes the credentials; says whether there were any. */
export async function removeCredentials(path: string): Promise<boolean> {
  try {
    await rm(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}
