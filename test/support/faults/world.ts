import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SigningKeys, Tokens } from '../../../src/auth/index.js';
import {
  call,
  type CallInput,
  type ClaimedJob,
  type Endpoint,
  execution,
  type JobDescriptionInput,
  jobs,
  matching,
  type ReplyOf,
} from '../../../src/contract/index.js';
import { deriveKey, Log, type PlatformConfig } from '../../../src/platform/index.js';
import { openStorageElement } from '../../../src/storage/index.js';
import { applyConfiguration } from '../configuration.js';
import { testConfig } from '../config.js';
import { freshDatabase } from '../database.js';
import { anOffer } from '../matching.js';
import { environmentOf, listening, Program } from '../program.js';
import { fetchTransport, freePort } from '../server.js';

/** One call as a client makes it; sending it again is the same call. */
export interface Request<E extends Endpoint = Endpoint> {
  endpoint: E;
  input: CallInput<E>;
  token?: string;
  headers?: Record<string, string>;
}

/** Sends a call to a server; `more` are further headers. */
export async function send<E extends Endpoint>(
  url: string,
  { endpoint, input, token, headers = {} }: Request<E>,
  more: Record<string, string> = {},
): Promise<ReplyOf<E>> {
  const authorization: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const all = { ...authorization, ...headers, ...more };
  return (await call(fetchTransport(url), endpoint, input, { headers: all })).reply;
}

/** An attempt that a pilot holds. */
export interface HeldAttempt extends ClaimedJob {
  stamp: string;
}

/** A pilot that runs on some node. */
export interface TestPilot {
  stamp: string;
  token: string;
}

/**
 * A database with a configuration, for server processes that will be killed, and the test's own view of it. One server
 * lives on at `url`, for clients that met a dead one. `storage` is the folder of the storage elements, if they need one of
 * their own.
 */
export async function faultWorld(settings: Partial<PlatformConfig> = {}, storage?: string) {
  const { database, url, drop } = await freshDatabase();
  const port = await freePort();
  const publicUrl = `http://127.0.0.1:${port}`;
  const folder = mkdtempSync(join(tmpdir(), 'pilotage-faults-'));
  const place = storage ?? folder;
  const roots = { SandboxSE: join(place, 'sandboxes'), LogSE: join(place, 'logs') };
  const elements = Object.fromEntries(Object.entries(roots).map(([name, root]) => [name, { driver: 'file', root }]));
  await applyConfiguration(database, { storage: { elements } });
  const config = testConfig({ databaseUrl: url, publicUrl, leaseSeconds: 600, dataDir: folder, ...settings });
  const keys = new SigningKeys(database, deriveKey(config.masterKey, 'signing-keys'), new Log('test', 'error'));
  await keys.start();
  const tokens = new Tokens(keys, publicUrl);
  const context = { signingKey: randomBytes(32), publicUrl };
  const survivor = await startSurvivor({ ...config, listen: { host: '127.0.0.1', port } });

  return {
    database,
    config,
    tokens,
    url: publicUrl,
    sandboxElement: openStorageElement('SandboxSE', { driver: 'file', root: roots.SandboxSE }, context),
    logElement: openStorageElement('LogSE', { driver: 'file', root: roots.LogSE }, context),
    userToken(user = 'alice'): string {
      const who = { vo: 'lhcb', group: 'lhcb_user', subject: `lhcb:${user}`, username: user };
      return tokens.forUser({ ...who, properties: ['NormalUser'] }, 3600).token;
    },
    /** A pilot that its computing element is about to start, with its one-time secret. */
    async submittedPilot(): Promise<{ stamp: string; secret: string }> {
      const secret = randomUUID();
      const secret_expires_at = '2099-01-01 00:00:00';
      const row = { status: 'Waiting', secret_hash: sha256(secret), secret_expires_at };
      return { stamp: (await this.pilot(row)).stamp, secret };
    },
    /** A pilot that reported its node, with its token. */
    async pilot(row: Record<string, unknown> = {}): Promise<TestPilot> {
      const stamp = randomUUID().replaceAll('-', '');
      const place = { vo: 'lhcb', site: 'Demo.Local', ce: 'local', queue: 'all' };
      const columns = { stamp, ...place, status: 'Running', isolation: 'bubblewrap', ...row };
      await database.execute(
        `INSERT INTO pilots (${Object.keys(columns).join(', ')}, last_contact) VALUES (?, NOW(6))`,
        [Object.values(columns)],
      );
      return { stamp, token: tokens.forPilot({ vo: 'lhcb', stamp }, 3600).token };
    },
    /** Waiting jobs that any pilot here can claim. */
    async submit(count: number, more: Partial<JobDescriptionInput> = {}): Promise<number[]> {
      const common = { executable: '/bin/true', job_name: 'to claim', parametric: { values: { count } } };
      const description = { ...common, ...more };
      const body = { jobs: [description] };
      const reply = await send(publicUrl, { endpoint: jobs.submit, input: { body }, token: this.userToken() });
      return reply.jobs.map(({ JobID }) => JobID);
    },
    /** Attempts of waiting jobs, claimed by a pilot of their own and running. */
    async hold(count = 1): Promise<HeldAttempt[]> {
      const { stamp, token } = await this.pilot();
      const body = { claim_id: randomUUID(), offer: { ...anOffer, processors: count }, max_jobs: count, wait: 30 };
      const reply = await send(publicUrl, { endpoint: matching.claim, input: { body }, token });
      if (reply.jobs.length !== count) throw new Error(`Of ${count} jobs only ${reply.jobs.length} could be claimed`);
      for (const attempt of reply.jobs) {
        const input = { body: { sequence: 1, status: 'Running' as const, parameters: {} } };
        await send(publicUrl, { endpoint: execution.status, input, token: attempt.token });
      }
      return reply.jobs.map((attempt) => ({ ...attempt, stamp }));
    },
    async close(): Promise<void> {
      keys.close();
      survivor.process.kill();
      await survivor.ended;
      await rm(folder, { recursive: true, force: true });
      await drop();
    },
  };
}
export type FaultWorld = Awaited<ReturnType<typeof faultWorld>>;

async function startSurvivor(config: PlatformConfig): Promise<Program> {
  const program = new Program(['dist/main.js'], environmentOf(config));
  await listening(program);
  return program;
}

/** SHA-256 in hexadecimal digits. */
export function sha256(bytes: string | Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
