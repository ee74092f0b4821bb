import type { DatabaseSize, Services } from '../services/index.mjs';

/** A program of dist/ as a process of its own. */
export interface InstalledProgram {
  readonly name: string;
  readonly pid: number | undefined;
  readonly logFile: string;
  start(): Promise<void>;
  /** Ends it with SIGTERM; answers how it ended, null when it did not run. */
  stop(): Promise<ProgramEnd | null>;
  kill9(): Promise<ProgramEnd | null>;
}

export interface ProgramEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface Installation {
  readonly url: string;
  /** Path of the PEM file of the CA. */
  readonly ca: string;
  readonly folder: string;
  readonly services: Services;
  readonly environment: Record<string, string>;
  /** What answers at `url` when there are several servers. */
  readonly proxy: InstalledProgram | null;
  readonly servers: InstalledProgram[];
  readonly agents: InstalledProgram[];
  admin(...args: string[]): Promise<string>;
  token(of: { vo: string; group: string; user: string }): Promise<string>;
  stop(): Promise<void>;
}

export function startInstallation(options: {
  folder: string;
  configuration: string;
  urls?: { databaseUrl?: string; redisUrl?: string };
  servers?: number;
  agents?: number;
  environment?: Record<string, string>;
  /** Default true; without it the servers speak plain HTTP. */
  tls?: boolean;
  database?: DatabaseSize;
  /** Options of Node for the servers. */
  serverOptions?: string[];
  log?: (line: string) => void;
}): Promise<Installation>;
