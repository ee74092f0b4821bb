import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { type Installation, startInstallation } from '../../scripts/installation/index.mjs';
import { pilots } from '../../src/contract/index.js';
import { type Execution, overlaps, readExecutions, recordingJob } from './executions.js';
import { pilotPids } from './pilot-processes.js';
import { User, waitFor } from './user.js';

// Seconds instead of minutes, so that a lease can be seen to expire.
const impatient = {
  PILOTAGE_LEASE_SECONDS: '8',
  PILOTAGE_LEASE_MARGIN_SECONDS: '2',
  PILOTAGE_SILENT_SECONDS: '4',
  PILOTAGE_AGENT_PACE: '0.1',
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

  it('jobs survive a kill -9 of the server', async () => {
    await survive(async () => {
      await installation.servers[0]?.kill9();
      await installation.servers[0]?.start();
    });
  }, 180_000);

  it('jobs survive a server that is away for longer than a heartbeat', async () => {
    await survive(async () => {
      await installation.servers[0]?.stop();
      await new Promise((resolve) => setTimeout(resolve, 4_000));
      await installation.servers[0]?.start();
    });
  }, 180_000);

  it('jobs survive a kill -9 of an agents process while another one goes on', async () => {
    await survive(async () => {
      await installation.agents[0]?.kill9();
      await installation.agents[0]?.start();
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
});
