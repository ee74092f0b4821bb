import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Installation, startInstallation } from '../../scripts/installation/index.mjs';
import { overlaps, readExecutions, recordingJob } from './executions.js';
import { type Insight, lookInto } from './insight.js';
import { LoadClient, Seen, workAsPilot, workAsUser } from './load.js';
import { textsBelow } from './texts.js';
import { User, waitFor } from './user.js';

const pilots = 6;
const users = 2;
// A second site: its pilots are the load of this test, and nobody starts others there.
const loadSite = `
  Load.Local:
    ces:
      load:
        driver: local
        settings: { folder: '@FOLDER@/load', slots: 1 }
        queues: { all: { vos: [demo], processors: 2, memory: 4000, max_wall_time: 864000, max_pilots: 0 } }

storage:`;

let folder: string;
let installation: Installation;
let insight: Insight;
let user: User;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pilotage-e2e-'));
  const demo = readFileSync('examples/demo.yml', 'utf8');
  const configuration = demo
    .replace('\nstorage:', loadSite)
    .replace(
      "PILOTAGE_PILOT_MEMORY: '2000'",
      "PILOTAGE_PILOT_MEMORY: '2000'\n    PILOTAGE_PILOT_ISOLATION: none\n    PILOTAGE_PILOT_BENCHMARK: '10'",
    );
  installation = await startInstallation({ folder, configuration, servers: 2, agents: 2 });
  insight = await lookInto(installation);
  user = await User.of(installation);
}, 120_000);

afterAll(async () => {
  user.close();
  await insight.close();
  await installation.stop();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

async function makePilots(): Promise<string[]> {
  const stamps = Array.from({ length: pilots }, (_, at) => at.toString(16).padStart(32, 'e'));
  const rows = stamps.map((stamp) => [stamp, 'demo', 'Load.Local', 'load', 'all', 'Running', 'bubblewrap', 2]);
  await insight.database.execute(
    'INSERT INTO pilots (stamp, vo, site, ce, queue, status, isolation, processors) VALUES ?',
    [rows],
  );
  return stamps;
}

it('servers and agents are restarted one after the other under load: no call fails, nothing is lost or done twice', async () => {
  const seen = new Seen();
  const token = await installation.token({ vo: 'demo', group: 'demo_user', user: 'bob' });
  const workers = (await makePilots()).map(
    (stamp) => new LoadClient(installation, 'pilot', insight.pilotToken(stamp), seen),
  );
  const submitters = Array.from({ length: users }, () => new LoadClient(installation, 'user', token, seen));
  const [noMore, home] = [new AbortController(), new AbortController()];
  const submitting = Promise.all(submitters.map((client) => workAsUser(client, seen, noMore.signal)));
  const working = Promise.all(workers.map((client) => workAsPilot(client, seen, home.signal)));
  // Pilots that are real, with payloads that last.
  const record = join(folder, 'executions');
  writeFileSync(record, '');
  const real = { ...recordingJob(record, 4), sites: ['Demo.Local'] };
  const recording = await user.submit(Array.from({ length: 6 }, () => real));

  const more = async (): Promise<void> => {
    const enough = seen.ended.length + 20;
    await waitFor(
      async () => seen.ended.length >= enough,
      60,
      () => `only ${seen.ended.length} jobs ended; ${seen.failures.join('; ')}`,
    );
  };
  await more();
  for (const program of [...installation.servers, ...installation.agents]) {
    expect([program.name, await program.stop()]).toEqual([program.name, { code: 0, signal: null }]);
    await program.start();
    await more();
  }
  noMore.abort();
  await submitting;
  await waitFor(
    async () => seen.ended.length >= seen.submitted.length,
    60,
    () => `${seen.ended.length} of ${seen.submitted.length} jobs ended`,
  );
  home.abort();
  await working;
  const rows = await user.until(recording, (jobs) => jobs.every(({ Status }) => Status === 'Done'), 90);
  for (const client of [...workers, ...submitters]) client.close();

  expect(seen.failures).toEqual([]);
  expect(rows).toHaveLength(recording.length);
  await expectNothingLost(seen);
  const executions = readExecutions(record);
  expect(overlaps(executions)).toEqual([]);
  expect(executions.map(({ job, attempt }) => [job, attempt])).toEqual(recording.map((id) => [id, 1]));
  expect(errorsIn(installation)).toEqual([]);
  const pilotLogs = textsBelow(join(folder, 'storage'), /log\.txt|chunks/).join('\n');
  expect(pilotLogs).toContain('claimed, 1 cores');
  expect(pilotLogs.split('\n').filter((line) => /claim: |heartbeat: |trying again/.test(line))).toEqual([]);
}, 240_000);

/** Every acknowledged submission, claim, report and end is in the database exactly once, and nothing besides. */
async function expectNothingLost({ submitted, claimed, reports, ended }: Seen): Promise<void> {
  const byNumber = (ids: number[]): number[] => [...ids].sort((a, b) => a - b);
  const jobs = await insight.database.query<{ job_id: number; status: string }>(
    `SELECT job_id, status FROM jobs WHERE owner = 'bob' ORDER BY job_id`,
  );
  expect(jobs.map(({ job_id }) => job_id)).toEqual(byNumber(submitted));
  expect(jobs.filter(({ status }) => status !== 'Done')).toEqual([]);
  expect(byNumber(ended)).toEqual(byNumber(submitted));
  expect(claimed.sort()).toEqual(submitted.map((id) => `${id}/1`).sort());
  const entries = await insight.database.query<{ job_id: number; application_status: string }>(
    `SELECT job_id, application_status FROM job_history
     WHERE job_id IN (?) AND application_status LIKE 'step %' AND status = 'Running' ORDER BY job_id, entry_id`,
    [submitted],
  );
  const told = byNumber(submitted).flatMap((job_id) =>
    (reports.get(job_id) ?? []).map((application_status) => ({ job_id, application_status })),
  );
  expect(entries).toEqual(told);
}

/** What the programs logged as errors, or of requests that they cut off. */
function errorsIn({ servers, agents }: Installation): string[] {
  const lines = [...servers, ...agents].flatMap(({ logFile }) => readFileSync(logFile, 'utf8').split('\n'));
  return lines.filter((line) => line.includes('"level":"error"') || line.includes('cuts requests'));
}
