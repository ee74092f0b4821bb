import { readFileSync } from 'node:fs';
import { z } from 'zod';

const seconds = (fallback: number) => z.coerce.number().positive().default(fallback);

/**
 * What a process must know before it can read the configuration in the database: addresses, secrets and time scales.
 * Everything about VOs, sites and queues lives in the database (`pilotage admin config apply`).
 */
const Environment = z.object({
  PILOTAGE_DATABASE_URL: z
    .string()
    .describe('mysql://user:password@host:port/database of MariaDB or MySQL; `?socketPath=` for a socket'),
  PILOTAGE_DATABASE_PASSWORD_FILE: z
    .string()
    .optional()
    .describe('File with the password for PILOTAGE_DATABASE_URL, which then holds none'),
  PILOTAGE_REDIS_URL: z.string().describe('redis://host:port or rediss://… of Redis or Valkey'),
  PILOTAGE_REDIS_PREFIX: z
    .string()
    .default('pilotage')
    .describe('Prefix of all keys, so that installations can share a Redis'),
  PILOTAGE_PUBLIC_URL: z
    .url()
    .default('http://127.0.0.1:8080')
    .describe('The URL by which users and pilots reach the server; issuer of its tokens'),
  PILOTAGE_LISTEN: z
    .string()
    .regex(/^.+:\d+$/, 'host:port')
    .default('127.0.0.1:8080')
    .describe('host:port that the server listens on'),
  PILOTAGE_TLS_CERT: z
    .string()
    .optional()
    .describe('PEM file with the server certificate chain; without it the server speaks plain HTTP'),
  PILOTAGE_TLS_KEY: z.string().optional().describe('PEM file with the key of the certificate'),
  PILOTAGE_CA: z
    .string()
    .optional()
    .describe('PEM file with the CA that pilots shall trust; their system CAs when absent'),
  PILOTAGE_TRUSTED_PROXIES: z
    .string()
    .default('')
    .describe('Comma list of proxy addresses whose X-Forwarded-For is believed'),
  PILOTAGE_MASTER_KEY_FILE: z
    .string()
    .describe(
      'File with 64 hexadecimal digits: encrypts signing keys in the database. All servers and agents share it',
    ),
  PILOTAGE_DATA_DIR: z
    .string()
    .default('var')
    .describe('Folder for files that a process may lose: local CE state, spools'),
  PILOTAGE_S3_ACCESS_KEY: z.string().optional().describe('Access key for storage elements with driver s3'),
  PILOTAGE_S3_SECRET_KEY: z.string().optional().describe('Secret key for storage elements with driver s3'),
  PILOTAGE_S3_SECRET_KEY_FILE: z.string().optional().describe('File with that secret key, instead of it'),
  PILOTAGE_LOG_LEVEL: z
    .enum(['debug', 'info', 'warn', 'error'])
    .default('info')
    .describe('Least severity that is logged'),
  PILOTAGE_METRICS_LISTEN: z
    .string()
    .optional()
    .describe('host:port where a process offers /metrics and /health to the operator; nowhere when absent'),
  PILOTAGE_DRAIN_SECONDS: z.coerce
    .number()
    .min(0)
    .default(5)
    .describe(
      'A server that stops says for so long that it is not ready, and serves on, so that proxies send nothing more (s)',
    ),
  PILOTAGE_BULK_BODY_BYTES: z.coerce
    .number()
    .int()
    .min(1_048_576)
    .default(33_554_432)
    .describe('Largest body of a call about many jobs: submissions, status updates, kill … (bytes)'),
  PILOTAGE_BULK_BODIES_AT_ONCE: z.coerce
    .number()
    .int()
    .min(1)
    .default(2)
    .describe('How many bodies above 1 MiB a server reads and works on at once; others wait. Bounds its memory'),
  PILOTAGE_LEASE_SECONDS: seconds(600).describe('Length of an attempt lease (s)'),
  PILOTAGE_LEASE_MARGIN_SECONDS: seconds(60).describe('What the sweeper adds before it ends a lease (s)'),
  PILOTAGE_SILENT_SECONDS: seconds(120).describe(
    'A pilot silent for so long is shown as silent and its jobs as Stalled (s)',
  ),
  PILOTAGE_SEARCH_SECONDS: seconds(10).describe('A search or summary that takes longer is given up (s)'),
  PILOTAGE_AGENT_PACE: seconds(1).describe('Factor on the periods of all agents; 0.1 makes them ten times as frequent'),
});

/** The checked environment of a process, in the units that its names say. */
export interface PlatformConfig {
  databaseUrl: string;
  redisUrl: string;
  redisPrefix: string;
  /** Without a slash at the end. */
  publicUrl: string;
  listen: { host: string; port: number };
  tls: { cert: string; key: string } | null;
  /** PEM text of the CA that pilots trust, or null for their own CAs. */
  pilotCa: string | null;
  trustedProxies: string[];
  /** 32 bytes. */
  masterKey: Buffer;
  dataDir: string;
  s3: { accessKey: string; secretKey: string } | null;
  logLevel: 'debug' | 'info' | 'warn' | 'error';
  metricsListen: { host: string; port: number } | null;
  drainSeconds: number;
  /** Bytes. */
  bulkBodyBytes: number;
  bulkBodiesAtOnce: number;
  leaseSeconds: number;
  leaseMarginSeconds: number;
  silentSeconds: number;
  searchSeconds: number;
  agentPace: number;
}

/** Wrong or missing settings; the message lists all of them. */
export class ConfigurationError extends Error {}

function address(text: string): { host: string; port: number } {
  const colon = text.lastIndexOf(':');
  return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) };
}

function withPassword(url: string, password: string): string {
  return password === '' ? url : url.replace('@', `:${encodeURIComponent(password)}@`);
}

function s3Keys(accessKey: string | undefined, secretKey: string): PlatformConfig['s3'] {
  return accessKey === undefined || secretKey === '' ? null : { accessKey, secretKey };
}

/** Reads and checks the environment; throws {@link ConfigurationError} with every problem at once. */
export function readConfig(environment: Record<string, string | undefined> = process.env): PlatformConfig {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = Environment.safeParse(given);
  const problems = parsed.success
    ? []
    : parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  const file = (name: string, path: string | undefined): string => {
    if (path === undefined) return '';
    try {
      return readFileSync(path, 'utf8');
    } catch {
      problems.push(`${name}: cannot read ${path}`);
      return '';
    }
  };
  if (!parsed.success) throw new ConfigurationError(`Settings are wrong:\n  ${problems.join('\n  ')}`);
  const env = parsed.data;
  const masterKey = file('PILOTAGE_MASTER_KEY_FILE', env.PILOTAGE_MASTER_KEY_FILE).trim();
  if (problems.length === 0 && !/^[0-9a-f]{64}$/i.test(masterKey)) {
    problems.push('PILOTAGE_MASTER_KEY_FILE: must hold 64 hexadecimal digits (openssl rand -hex 32)');
  }
  if ((env.PILOTAGE_TLS_CERT === undefined) !== (env.PILOTAGE_TLS_KEY === undefined)) {
    problems.push('PILOTAGE_TLS_CERT and PILOTAGE_TLS_KEY: give both or none');
  }
  const password = file('PILOTAGE_DATABASE_PASSWORD_FILE', env.PILOTAGE_DATABASE_PASSWORD_FILE).trim();
  const secretKey = file('PILOTAGE_S3_SECRET_KEY_FILE', env.PILOTAGE_S3_SECRET_KEY_FILE).trim();
  if (password !== '' && /^[a-z]+:\/\/[^/@]*:[^/@]*@/.test(env.PILOTAGE_DATABASE_URL)) {
    problems.push('PILOTAGE_DATABASE_PASSWORD_FILE: PILOTAGE_DATABASE_URL holds a password already');
  }
  if (secretKey !== '' && env.PILOTAGE_S3_SECRET_KEY !== undefined) {
    problems.push('PILOTAGE_S3_SECRET_KEY and PILOTAGE_S3_SECRET_KEY_FILE: give one of them');
  }
  const cert = file('PILOTAGE_TLS_CERT', env.PILOTAGE_TLS_CERT);
  const key = file('PILOTAGE_TLS_KEY', env.PILOTAGE_TLS_KEY);
  const ca = file('PILOTAGE_CA', env.PILOTAGE_CA);
  if (problems.length > 0) throw new ConfigurationError(`Settings are wrong:\n  ${problems.join('\n  ')}`);
  return {
    databaseUrl: withPassword(env.PILOTAGE_DATABASE_URL, password),
    redisUrl: env.PILOTAGE_REDIS_URL,
    redisPrefix: env.PILOTAGE_REDIS_PREFIX,
    publicUrl: env.PILOTAGE_PUBLIC_URL.replace(/\/$/, ''),
    listen: address(env.PILOTAGE_LISTEN),
    tls: cert === '' ? null : { cert, key },
    pilotCa: ca === '' ? null : ca,
    trustedProxies: env.PILOTAGE_TRUSTED_PROXIES.split(',').filter((proxy) => proxy !== ''),
    masterKey: Buffer.from(masterKey, 'hex'),
    dataDir: env.PILOTAGE_DATA_DIR,
    s3: s3Keys(env.PILOTAGE_S3_ACCESS_KEY, env.PILOTAGE_S3_SECRET_KEY ?? secretKey),
    logLevel: env.PILOTAGE_LOG_LEVEL,
    metricsListen: env.PILOTAGE_METRICS_LISTEN === undefined ? null : address(env.PILOTAGE_METRICS_LISTEN),
    drainSeconds: env.PILOTAGE_DRAIN_SECONDS,
    bulkBodyBytes: env.PILOTAGE_BULK_BODY_BYTES,
    bulkBodiesAtOnce: env.PILOTAGE_BULK_BODIES_AT_ONCE,
    leaseSeconds: env.PILOTAGE_LEASE_SECONDS,
    leaseMarginSeconds: env.PILOTAGE_LEASE_MARGIN_SECONDS,
    silentSeconds: env.PILOTAGE_SILENT_SECONDS,
    searchSeconds: env.PILOTAGE_SEARCH_SECONDS,
    agentPace: env.PILOTAGE_AGENT_PACE,
  };
}

/** Name, default and meaning of every setting, for the reference page. */
export function describeEnvironment(): { name: string; fallback: string; description: string }[] {
  return Object.entries(Environment.shape).map(([name, schema]) => {
    const empty = schema.safeParse(undefined);
    const fallback = empty.success ? (empty.data === undefined ? 'none' : String(empty.data)) : 'required';
    return { name, fallback, description: schema.description ?? '' };
  });
}
