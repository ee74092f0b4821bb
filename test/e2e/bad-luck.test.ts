import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { type Installation, startInstallation } from '../../scripts/installation/index.mjs';
import { jobs, pilots } from '../../src/contract/index.js';
import { type Execution, overlaps, readExecutions, recordingJob } from './executions.js';
import { pilotPids } from './pilot-processes.js';
import { textsBelow } from './texts.js';
import { User, waitFor } from './user.js';

// Seconds instead of minutes, so that a lease can be seen to expire.
const impatient = {
  PILOTAGE_LEASE_SECONDS: '8',
  PILOTAGE_LEASE_MARGIN_SECONDS: '2',
  PILOTAGE_SILENT_SECONDS: '4',
  PILOTAGE_AGENT_PACE: '0.1',
  PILOTAGE_LOG_LEVEL: 'debug',
};

describe('with bad luck', () => {
  let folder: string;
  let installation: Installation;
  let user: User;
  let round = 0;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'pilotage-e2e-'));
    // Payloads write to a file outside of their folder, so that executions that nobody saw the end of are recorded too.
    const document = readFileSync('examples/demo.yml', 'utf8').replace(
      "PILOTAGE_PILOT_MEMORY: '2000'",
      "PILOTAGE_PILOT_MEMORY: '2000'\n    PILOTAGE_PILOT_ISOLATION: none\n    PILOTAGE_PILOT_BENCHMARK: '10'",
    );
    installation = await startInstallation({
      folder,
      configuration: document,
      urls: {},
      servers: 2,
      agents: 2,
      environment: impatient,
    });
    user = await User.of(installation);
  }, 120_000);

  afterAll(async () => {
    user.close();
    await installation.stop();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  /** Runs six jobs of three seconds, strikes while some run, and expects all of them Done, none of them twice at once. */
  async function survive(strike: () => Promise<void>): Promise<Execution[]> {
    round += 1;
    const record = join(folder, `executions-${round}`);
    writeFileSync(record, '');
    const ids = await user.submit(Array.from({ length: 6 }, () => recordingJob(record, 3)));
    await user.until(ids, (rows) => rows.some(({ Status }) => Status === 'Running'));
    await waitFor(
      async () => readExecutions(record).length > 0,
      20,
      () => 'no payload began',
    );
    await strike();
    const rows = await user.until(
      ids,
      (seen) => seen.every(({ Status }) => ['Done', 'Failed', 'Killed'].includes(Status)),
      120,
    );
    expect(rows.map(({ Status }) => Status)).toEqual(ids.map(() => 'Done'));
    const executions = readExecutions(record);
    expect(overlaps(executions)).toEqual([]);
    expect(new Set(executions.filter(({ ended }) => ended).map(({ job }) => job))).toEqual(new Set(ids));
    return executions;
  }

  it('jobs survive a kill -9 of one server and one agents process while the others go on', async () => {
    await survive(async () => {
      const [server, agents] = [installation.servers[0], installation.agents[0]];
      await Promise.all([server?.kill9(), agents?.kill9()]);
      await user.jobs([1]);
      await Promise.all([server?.start(), agents?.start()]);
    });
  }, 180_000);

  it('jobs survive a kill -9 of all servers and all agents at once', async () => {
    await survive(async () => {
      const all = [...installation.servers, ...installation.agents];
      await Promise.all(all.map((program) => program.kill9()));
      await Promise.all(all.map((program) => program.start()));
    });
  }, 180_000);

  it('jobs survive servers that are all away for longer than a heartbeat', async () => {
    await survive(async () => {
      await Promise.all(installation.servers.map((server) => server.stop()));
      await new Promise((resolve) => setTimeout(resolve, 4_000));
      await Promise.all(installation.servers.map((server) => server.start()));
    });
  }, 180_000);

  it('jobs of a pilot that is killed run again, and its log is sealed', async () => {
    let stamps: string[] = [];
    const executions = await survive(async () => {
      const [pid] = pilotPids(folder);
      if (pid === undefined) throw new Error('no pilot runs');
      process.kill(pid, 'SIGKILL');
      stamps = (await user.call(pilots.search, { body: { parameters: ['PilotStamp'] } })).map((row) =>
        String(row['PilotStamp']),
      );
    });
    expect(executions.some(({ attempt, ended }) => attempt === 1 && !ended)).toBe(true);
    expect(executions.some(({ attempt }) => attempt === 2)).toBe(true);
    const states = async (): Promise<string[]> =>
      Promise.all(stamps.map(async (stamp) => (await user.call(pilots.find, { params: { stamp } })).log.state));
    await waitFor(
      async () => (await states()).every((state) => state === 'sealed'),
      60,
      () => 'a log was not sealed',
    );
  }, 240_000);

  it('jobs survive FLUSHALL of Redis', async () => {
    await survive(async () => {
      const redis = new Redis(installation.services.redisUrl);
      await redis.flushall();
      redis.disconnect();
    });
  }, 180_000);

  it('jobs survive a restart of the database', async () => {
    await survive(async () => {
      await installation.services.mariadb?.restart();
    });
  }, 180_000);

  it('a kill reaches a running payload within five seconds', async () => {
    const record = join(folder, 'executions-killed');
    writeFileSync(record, '');
    const [id = 0] = await user.submit([recordingJob(record, 60)]);
    await waitFor(
      async () => readExecutions(record).length > 0,
      60,
      () => 'the payload did not begin',
    );
    const asked = Date.now();
    await user.call(jobs.kill, { body: { job_ids: [id] } });
    const last = (): number => readExecutions(record)[0]?.last ?? 0;
    await waitFor(
      async () => Date.now() - last() > 1_500,
      20,
      () => 'the payload lives on',
    );
    expect(last() - asked).toBeLessThan(5_000);
    expect(await user.jobs([id])).toMatchObject([{ Status: 'Killed' }]);
  }, 120_000);

  it('no log of all this holds a token, a secret or a key, though programs log all they can', () => {
    const masterKey = readFileSync(join(folder, 'master.key'), 'utf8');
    const secrets = [masterKey, ...textsBelow(join(folder, 'ce'), /program/).flatMap(pilotSecrets)];
    const programs = [...installation.servers, ...installation.agents].map(({ logFile }) =>
      readFileSync(logFile, 'utf8'),
    );
    const pilotLogs = textsBelow(join(folder, 'storage'), /log\.txt|chunks/);
    expect(secrets.length).toBeGreaterThan(1);
    expect(programs.join('').length).toBeGreaterThan(10_000);
    expect(pilotLogs.join('').length).toBeGreaterThan(1_000);
    for (const log of [...programs, ...pilotLogs]) {
      expect(log).not.toMatch(/eyJ[\w-]{8,}\.eyJ[\w-]{8,}\./);
      expect(secrets.filter((secret) => log.includes(secret))).toEqual([]);
    }
  });
});

/** The one-time secrets in a wrapper script as a CE got it. */
function pilotSecrets(script: string): string[] {
  return [...script.matchAll(/PILOTAGE_SECRET='?([\w-]{16,})/g)].flatMap(([, secret]) =>
    secret === undefined ? [] : [secret],
  );
}
