import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { type Installation, startInstallation } from '../../scripts/installation/index.mjs';
import { matching } from '../../src/contract/index.js';
import { type Insight, lookInto } from './insight.js';
import { LoadClient, Seen } from './load.js';
import { User, waitFor } from './user.js';

const total = 100_000;
const perCall = 10_000;
const claimers = 8;
const site = `
  Fire.Local:
    ces:
      fire:
        driver: local
        settings: { folder: '@FOLDER@/fire', slots: 1 }
        queues: { all: { vos: [demo], processors: 64, memory: 256000, max_wall_time: 864000, max_pilots: 0 } }

storage:`;
const offer = { processors: 64, memory: 256_000, cpu_work_left: 1e6, wall_left: 86_400, idle: true };

let folder: string;
let installation: Installation;
let insight: Insight;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pilotage-e2e-'));
  const configuration = readFileSync('examples/demo.yml', 'utf8').replace('\nstorage:', site);
  installation = await startInstallation({
    folder,
    configuration,
    urls: {},
    servers: 2,
    agents: 1,
    environment: { PILOTAGE_LEASE_SECONDS: '3600' },
  });
  insight = await lookInto(installation);
  const user = await User.of(installation);
  for (let call = 0; call < total / perCall; call += 1) await user.submit(descriptions(call));
  user.close();
}, 240_000);

afterAll(async () => {
  await insight.close();
  await installation.stop();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

/** Jobs of ten requirement classes. */
function descriptions(call: number): object[] {
  const wants = { executable: '/bin/true', sites: ['Fire.Local'], cpu_work: 3_600 };
  return Array.from({ length: perCall }, (_, at) => ({ ...wants, min_ram: 100 * (1 + ((call + at) % 10)) }));
}

async function makePilots(): Promise<string[]> {
  const stamps = Array.from({ length: claimers }, (_, at) => at.toString(16).padStart(32, 'f'));
  await insight.database.execute(
    'INSERT INTO pilots (stamp, vo, site, ce, queue, status, isolation, processors) VALUES ?',
    [stamps.map((stamp) => [stamp, 'demo', 'Fire.Local', 'fire', 'all', 'Running', 'bubblewrap', 64])],
  );
  return stamps;
}

it('eight claimers get each of 100,000 jobs once, through kill -9 of a server, FLUSHALL and a restart of the database', async () => {
  const seen = new Seen();
  const claimed = (): number => seen.claimed.length;
  const clients = (await makePilots()).map(
    (stamp) => new LoadClient(installation, 'pilot', insight.pilotToken(stamp), seen),
  );
  const reach = (part: number): Promise<void> =>
    waitFor(
      async () => claimed() >= total * part,
      120,
      () => `only ${claimed()} jobs were claimed; ${seen.failures.slice(-3).join('; ')}`,
    );
  const working = Promise.all(clients.map((client) => claimAll(client, seen)));

  await reach(0.2);
  const redis = new Redis(installation.services.redisUrl);
  await redis.flushall();
  redis.disconnect();
  await reach(0.4);
  await installation.servers[0]?.kill9();
  await reach(0.6);
  await installation.servers[0]?.start();
  await installation.services.mariadb?.restart();
  await reach(1);
  await working;
  for (const client of clients) client.close();

  // The faults were felt.
  expect(seen.failures.length).toBeGreaterThan(0);
  expect(claimed()).toBe(total);
  expect(new Set(seen.claimed).size).toBe(total);
  expect(seen.claimed.filter((one) => !one.endsWith('/1'))).toEqual([]);
  const count = async (what: string): Promise<number> =>
    Number((await insight.database.query<{ n: number }>(`SELECT COUNT(*) AS n FROM ${what}`))[0]?.n);
  expect(await count("jobs WHERE status = 'Matched' AND attempt = 1 AND waiting_in IS NULL")).toBe(total);
  expect([await count('attempts'), await count('leases')]).toEqual([total, total]);
  expect(await count("job_history WHERE status = 'Matched'")).toBe(total);
}, 400_000);

/** Claims 64 jobs at a time until there are none; a claim without an answer is made again under its id. */
async function claimAll(client: LoadClient, seen: Seen): Promise<void> {
  while (seen.claimed.length < total) {
    const body = { claim_id: randomUUID(), offer, max_jobs: 64, wait: 2 };
    const { jobs } = await client.call(matching.claim, { body });
    seen.claimed.push(...jobs.map(({ job_id, attempt }) => `${job_id}/${attempt}`));
  }
}
