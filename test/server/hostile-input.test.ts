import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { execution, matching, pilots } from '../../src/contract/index.js';
import { Jobs } from '../../src/wms/jobs/jobs.js';
import { Api } from '../support/api.js';
import { aStamp, holdJob } from '../support/held-job.js';
import { startServer, type TestServer } from '../support/server.js';
import type { Stages } from '../support/stages.js';

const largest = Number.MAX_SAFE_INTEGER;
const aNode = {
  hostname: 'wn1',
  platform: 'x86_64-el9',
  architecture: 'x86_64',
  processors: 1,
  memory: 1,
  disk: 1,
  cpu_power: 1,
  benchmark_version: '1',
  isolation: 'none',
};
let running: TestServer;
let alice: Api;
let pilot: Api;

beforeAll(async () => {
  running = await startServer();
  alice = new Api(running, running.tokenFor());
  pilot = new Api(running, running.tokens.forPilot({ vo: 'lhcb', stamp: aStamp }, 600).token);
});
afterAll(() => running.close());

/** A job that runs, and its wrapper. */
async function attempt(): Promise<{ jobId: number; wrapper: Api }> {
  const [jobId = 0] = await alice.submit({ executable: '/bin/true' });
  const stages = { jobs: running.app.get(Jobs) } as Stages;
  const held = { vo: 'lhcb', stamp: aStamp, jobId, attempt: await holdJob(stages, jobId) };
  return { jobId, wrapper: new Api(running, running.tokens.forAttempt(held, 600).token) };
}

describe('what no honest client sends is refused before the database sees it', () => {
  it.each(['NaN', '', '-1', '1.5', '1e3', ' 1', 'x', '99999999999999999999'])('%j as the id of a job', async (id) => {
    expect(await alice.patch('/api/jobs/metadata', { [id]: { JobName: 'x' } })).toMatchObject({ status: 422 });
  });

  it.each(['/api/jobs/search', '/api/pilots/search'])('a page of %s behind all pages', async (path) => {
    expect(await alice.post(`${path}?page=${largest}&per_page=10000`, {})).toMatchObject({ status: 422 });
  });

  it('numbers of a wrapper that no column can hold', async () => {
    const { wrapper } = await attempt();
    const end = { outcome: 'done', minor_status: 'x', exit_code: largest };
    expect(await wrapper.post(execution.status.path, { sequence: largest })).toMatchObject({ status: 422 });
    expect(await wrapper.post(execution.end.path, end)).toMatchObject({ status: 422 });
  });

  it('numbers of a pilot that no column can hold', async () => {
    const offer = { processors: 1, memory: largest, gpus: 0, cpu_work_left: 1, wall_left: 1, idle: true };
    const claim = { claim_id: randomUUID(), offer };
    expect(await pilot.post(matching.claim.path, claim)).toMatchObject({ status: 422 });
    const node = { ...aNode, processors: largest };
    expect(await pilot.send('PUT', pilots.report.path, node)).toMatchObject({ status: 422 });
  });
});

describe('a pilot that keeps payloads apart by nothing', () => {
  it('cannot say otherwise later, when a payload may hold its token', async () => {
    await running.database.execute(
      "INSERT INTO pilots (stamp, vo, site, ce, queue) VALUES (?, 'lhcb', 'S', 'c', 'q')",
      [aStamp],
    );
    const report = (isolation: string) => pilot.send('PUT', pilots.report.path, { ...aNode, isolation });
    expect(await report('none')).toMatchObject({ status: 200 });
    expect(await report('bubblewrap')).toMatchObject({ status: 200 });
    const rows = await running.database.query('SELECT isolation FROM pilots WHERE stamp = ?', [aStamp]);
    expect(rows).toEqual([{ isolation: 'none' }]);
  });
});

describe('the end of an attempt', () => {
  it('is taken although a payload blew a parameter up; the parameter is cut', async () => {
    const { jobId, wrapper } = await attempt();
    const parameters = { OutputSandboxMissingFiles: '€'.repeat(65_535) };
    const end = { outcome: 'done', exit_code: 0, minor_status: 'Execution Complete', parameters };
    expect(await wrapper.post(execution.end.path, end)).toMatchObject({ status: 204 });
    const { body } = await alice.get(`/api/jobs/${jobId}`);
    expect(body).toMatchObject({
      job: { Status: 'Done' },
      parameters: { OutputSandboxMissingFiles: '€'.repeat(21_845) },
    });
  });
});
