import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PilotProcess } from '../pilot/support/pilot-process.js';
import { shell } from '../pilot/support/pilot-suite.js';
import { contradictions } from '../support/faults/contradictions.js';
import { faultWorld, type FaultWorld } from '../support/faults/world.js';

const clock = `--import=${resolve('test/support/faults/clock.mjs')}`;
const bundle = 'dist/pilot/pilotage-pilot.mjs';
const settings = { PILOTAGE_CA_FILE: '', PILOTAGE_PILOT_ISOLATION: 'none', PILOTAGE_PILOT_BENCHMARK: '10' };

describe.each([
  ['fast', 3600],
  ['slow', -3600],
])('a node whose clock is an hour %s', (_, shift) => {
  let world: FaultWorld;
  let jobId: number | undefined;
  let pilot: PilotProcess;
  let stamp: string;

  beforeAll(async () => {
    // A lease that must be renewed several times for this job.
    world = await faultWorld({ leaseSeconds: 6 });
    [jobId] = await world.submit(1, { ...shell('sleep 10; date > out'), output_sandbox: ['out'] });
    const submitted = await world.submittedPilot();
    stamp = submitted.stamp;
    const server = { ...submitted, url: world.url, certificates: { ca: '', cert: '', key: '' } };
    const own = { NODE_OPTIONS: clock, CLOCK_SHIFT: String(shift) };
    pilot = new PilotProcess(resolve(bundle), server, { ...settings, ...own });
    expect(await pilot.exited).toBe(0);
  }, 120_000);
  afterAll(async () => {
    await pilot.remove();
    await world.close();
  });

  it('keeps its lease, does its job in one attempt, and brings its outputs home', async () => {
    const [job] = await world.database.query('SELECT status, attempt FROM jobs WHERE job_id = ?', [jobId]);
    expect(job).toEqual({ status: 'Done', attempt: 1 });
    const outputs = await world.database.query(
      "SELECT sandbox_id FROM job_sandboxes WHERE job_id = ? AND kind = 'output'",
      [jobId],
    );
    expect(outputs).toHaveLength(1);
    expect(await contradictions(world)).toEqual([]);
  });

  it('has its job told in the order and at the times of the server', async () => {
    const entries = await world.database.query<{ status: string; status_time: string; off: number }>(
      `SELECT status, status_time, ABS(TIMESTAMPDIFF(SECOND, status_time, recorded_at)) AS off
       FROM job_history WHERE job_id = ? ORDER BY entry_id`,
      [jobId],
    );
    const states = entries.map(({ status }) => status).filter((status, index, all) => status !== all[index - 1]);
    expect(states).toEqual(['Received', 'Waiting', 'Matched', 'Running', 'Completing', 'Done']);
    const times = entries.map(({ status_time }) => status_time);
    expect(times).toEqual(times.toSorted());
    expect(Math.max(...entries.map(({ off }) => Number(off)))).toBeLessThan(60);
    const [attempt] = await world.database.query<{ wall: number }>(
      'SELECT TIMESTAMPDIFF(SECOND, claimed_at, ended_at) AS wall FROM attempts WHERE job_id = ?',
      [jobId],
    );
    expect(Number(attempt?.wall)).toBeGreaterThanOrEqual(10);
  });

  it('has a log that arrived, in which its own clock speaks', async () => {
    const [row] = await world.database.query<{ log_bytes: number; status: string }>(
      'SELECT log_bytes, status FROM pilots WHERE stamp = ?',
      [stamp],
    );
    expect(row?.status).toBe('Done');
    expect(Number(row?.log_bytes)).toBe(Buffer.byteLength(pilot.output));
    const said = Date.parse(/^(\S+Z) pilot /m.exec(pilot.output)?.[1] ?? '');
    expect(Math.abs(said - shift * 1000 - Date.now())).toBeLessThan(1_800_000);
  });
});
