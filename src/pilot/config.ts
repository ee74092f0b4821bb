import { readFileSync } from 'node:fs';
import type { ProxySettings } from '../client/index.js';

/** Ways to keep payloads apart, as PILOTAGE_PILOT_ISOLATION names them. */
export const isolationKinds = ['bubblewrap', 'uid', 'none'] as const;
export type IsolationKind = (typeof isolationKinds)[number];

/** Everything that the pilot is told from outside. Times in seconds, memory in MB. */
export interface PilotConfig {
  server: string;
  stamp: string;
  /** A file with the one-time secret; the pilot deletes it as soon as it has read it. */
  secretFile: string;
  /** PEM of the CA to trust; Node's own list when absent. */
  ca?: string;
  proxy?: ProxySettings;
  /** Private directory of this pilot; the wrapper script made it and removes it. */
  directory: string;
  /** What the wrapper script printed before the pilot started. */
  wrapperLog?: string;
  bundle: string;
  heartbeatSeconds: number;
  idleSeconds: number;
  pollSeconds: number;
  killGraceSeconds: number;
  logSeconds: number;
  /** Length of the window in which a payload must use CPU; 0 switches the check off. */
  stalledSeconds: number;
  /** No job is started with less time left. */
  minimumSeconds: number;
  processors?: number;
  memory?: number;
  gpus?: number;
  wallLimit?: number;
  benchmark?: number;
  isolation?: IsolationKind;
  /** First and last user id for payloads; needs root. */
  payloadUids?: { first: number; last: number };
  /** The environment as it came: batch systems speak through it, and payloads inherit a few names of it. */
  environment: Readonly<Record<string, string | undefined>>;
}

/** The variables that the pilot reads, for `--help`. */
export const settingsHelp = `  PILOTAGE_SERVER                    URL of the server
  PILOTAGE_STAMP                     stamp of this pilot
  PILOTAGE_SECRET_FILE               file with the one-time secret; deleted once it is read
  PILOTAGE_CA_FILE                   PEM file of the CA to trust
  PILOTAGE_DIRECTORY                 private working directory (default: the current one)
  PILOTAGE_PILOT_HEARTBEAT_SECONDS   between two heartbeats (60)
  PILOTAGE_PILOT_IDLE_SECONDS        without a job before the pilot ends (300)
  PILOTAGE_PILOT_POLL_SECONDS        longest wait for a job in one call (20)
  PILOTAGE_PILOT_KILL_GRACE_SECONDS  between SIGTERM and SIGKILL of a payload (10)
  PILOTAGE_PILOT_LOG_SECONDS         between two shipments of the log (5)
  PILOTAGE_PILOT_STALLED_SECONDS     window in which a payload must use CPU; 0 = never mind (1800)
  PILOTAGE_PILOT_MINIMUM_SECONDS     no new job with less time left (300)
  PILOTAGE_PILOT_PROCESSORS, _MEMORY (MB), _GPUS, _WALL_LIMIT (s), _BENCHMARK (score per core)
                                     instead of what the pilot would find
  PILOTAGE_PILOT_ISOLATION           bubblewrap, uid or none, instead of the best that works
  PILOTAGE_PILOT_PAYLOAD_UID         user ids for payloads, FIRST-LAST (needs root)
  HTTPS_PROXY, NO_PROXY              as usual`;

/** Reads the settings. Throws with one sentence that names the variable when one is missing or wrong. */
export function readConfig(environment: Readonly<Record<string, string | undefined>> = process.env): PilotConfig {
  const text = (name: string): string | undefined => (environment[name] === '' ? undefined : environment[name]);
  const needed = (name: string): string => {
    const value = text(name);
    if (value === undefined) throw new Error(`${name} is not set`);
    return value;
  };
  const number = (name: string): number | undefined => {
    const value = text(`PILOTAGE_PILOT_${name}`);
    if (value === undefined) return undefined;
    if (!/^\d+(\.\d+)?$/.test(value)) throw new Error(`PILOTAGE_PILOT_${name} is "${value}", not a number from 0`);
    return Number(value);
  };
  const caFile = text('PILOTAGE_CA_FILE');
  return defined({
    server: needed('PILOTAGE_SERVER'),
    stamp: needed('PILOTAGE_STAMP'),
    secretFile: needed('PILOTAGE_SECRET_FILE'),
    ca: caFile === undefined ? undefined : readFileSync(caFile, 'utf8'),
    proxy: proxyOf(text),
    directory: text('PILOTAGE_DIRECTORY') ?? process.cwd(),
    wrapperLog: text('PILOTAGE_WRAPPER_LOG'),
    bundle: text('PILOTAGE_BUNDLE_SHA256') ?? '',
    heartbeatSeconds: number('HEARTBEAT_SECONDS') ?? 60,
    idleSeconds: number('IDLE_SECONDS') ?? 300,
    pollSeconds: Math.min(60, number('POLL_SECONDS') ?? 20),
    killGraceSeconds: number('KILL_GRACE_SECONDS') ?? 10,
    logSeconds: number('LOG_SECONDS') ?? 5,
    stalledSeconds: number('STALLED_SECONDS') ?? 1800,
    minimumSeconds: number('MINIMUM_SECONDS') ?? 300,
    processors: number('PROCESSORS'),
    memory: number('MEMORY'),
    gpus: number('GPUS'),
    wallLimit: number('WALL_LIMIT'),
    benchmark: number('BENCHMARK'),
    isolation: isolationOf(text('PILOTAGE_PILOT_ISOLATION')),
    payloadUids: uidsOf(text('PILOTAGE_PILOT_PAYLOAD_UID')),
    environment,
  });
}

type Loose<T> = { [K in keyof T]: T[K] | undefined };

/** The same object without the keys that have no value. */
function defined(settings: Loose<Required<PilotConfig>>): PilotConfig {
  return Object.fromEntries(
    Object.entries(settings).filter(([, value]) => value !== undefined),
  ) as unknown as PilotConfig;
}

function proxyOf(text: (name: string) => string | undefined): ProxySettings | undefined {
  const url = text('HTTPS_PROXY') ?? text('https_proxy');
  const except = text('NO_PROXY') ?? text('no_proxy');
  return url === undefined ? undefined : { url, ...(except === undefined ? {} : { except }) };
}

function isolationOf(value: string | undefined): IsolationKind | undefined {
  if (value === undefined) return undefined;
  const kind = isolationKinds.find((known) => known === value);
  if (kind === undefined) throw new Error(`PILOTAGE_PILOT_ISOLATION is "${value}", not ${isolationKinds.join(', ')}`);
  return kind;
}

function uidsOf(value: string | undefined): { first: number; last: number } | undefined {
  if (value === undefined) return undefined;
  const [, first, last] = /^(\d+)(?:-(\d+))?$/.exec(value) ?? [];
  if (first === undefined || Number(first) < 1)
    throw new Error(`PILOTAGE_PILOT_PAYLOAD_UID is "${value}", not FIRST-LAST`);
  return { first: Number(first), last: Number(last ?? first) };
}
