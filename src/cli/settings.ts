import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { ProxySettings } from '../client/index.js';
import { readCredentials } from './account/credentials.js';
import { CommandFailure } from './failure.js';
import type { Io } from './io.js';

/** Which server to call, and as whom. */
export interface Settings {
  url: string;
  /** PEM of the CAs that may have signed the server's certificate; Node's own list otherwise. */
  ca?: string;
  token?: string;
  proxy?: ProxySettings;
  /** Seconds during which a call that may be repeated is tried again. */
  retrySeconds: number;
}

/** The environment of this process. No other file of the command line reads it. */
export function processEnvironment(): Readonly<Record<string, string | undefined>> {
  return process.env;
}

/** The settings that the environment names, explained for `pilotage --help`. */
export const settingsHelp = `
Settings come from the environment, else from the last "pilotage login":
  PILOTAGE_URL            the server, as https://host:port
  PILOTAGE_CA             file with the CA certificates (PEM) to trust for it
  PILOTAGE_TOKEN          the token itself
  PILOTAGE_TOKEN_FILE     file that holds the token
  PILOTAGE_RETRY_SECONDS  how long a server that does not answer, or is busy, is tried again (30)
  HTTPS_PROXY, NO_PROXY   proxy, and hosts that need none

Exit codes:
  0  all went well
  1  the command could not be carried out
  2  some of the jobs failed, or could not be handled
  3  the server cannot be reached, or does not let you in`;

/** Where `pilotage login` keeps its credentials. */
export function credentialsPath({ environment }: Io): string {
  const config = environment['XDG_CONFIG_HOME'] ?? join(environment['HOME'] ?? homedir(), '.config');
  return join(config, 'pilotage', 'credentials.json');
}

/** Reads the settings. Stored credentials count for their own server only, so no token goes to another one. */
export async function readSettings(io: Io): Promise<Settings> {
  const { environment } = io;
  const stored = await readCredentials(credentialsPath(io));
  const url = environment['PILOTAGE_URL'] ?? stored?.url;
  if (url === undefined || url === '') {
    throw new CommandFailure('no server is known', 'sign in with "pilotage login", or set PILOTAGE_URL', {
      exitCode: 3,
    });
  }
  const own = stored !== null && sameServer(stored.url, url) ? stored : null;
  const settings: Settings = { url, retrySeconds: secondsIn(environment['PILOTAGE_RETRY_SECONDS']) };
  const ca = environment['PILOTAGE_CA'] === undefined ? own?.ca : await readNamed(io, 'PILOTAGE_CA');
  if (ca !== undefined) settings.ca = ca;
  const token = (await tokenIn(io)) ?? own?.token;
  if (token !== undefined) settings.token = token;
  const proxy = proxyIn(io);
  if (proxy !== undefined) settings.proxy = proxy;
  return settings;
}

/** The proxy that the environment names. */
export function proxyIn({ environment }: Io): ProxySettings | undefined {
  const url = environment['HTTPS_PROXY'] ?? environment['https_proxy'];
  if (url === undefined || url === '') return undefined;
  const except = environment['NO_PROXY'] ?? environment['no_proxy'];
  return { url, ...(except === undefined ? {} : { except }) };
}

async function tokenIn(io: Io): Promise<string | undefined> {
  const token = io.environment['PILOTAGE_TOKEN']?.trim();
  if (token !== undefined && token !== '') return token;
  if (io.environment['PILOTAGE_TOKEN_FILE'] === undefined) return undefined;
  return (await readNamed(io, 'PILOTAGE_TOKEN_FILE')).trim();
}

async function readNamed(io: Io, variable: string): Promise<string> {
  const path = resolve(io.folder, io.environment[variable] ?? '');
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new CommandFailure(`${variable} names ${path}, which cannot be read`, 'correct or unset it', { cause });
  }
}

function sameServer(one: string, other: string): boolean {
  return URL.canParse(one) && URL.canParse(other) && new URL(one).origin === new URL(other).origin;
}

function secondsIn(text: string | undefined): number {
  const seconds = Number(text ?? '30');
  if (Number.isFinite(seconds) && seconds >= 0) return seconds;
  throw new CommandFailure(`PILOTAGE_RETRY_SECONDS is ${text}`, 'give a number of seconds');
}
