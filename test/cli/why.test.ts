import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { explain, type Fit, JobExplanation, PilotExplanation, TaskQueueExplanation } from '../../src/contract/index.js';
import { FakeServer } from './fake-server.js';
import { Terminal } from './terminal.js';

let fake: FakeServer;
let terminal: Terminal;
beforeEach(async () => {
  fake = await FakeServer.start();
  terminal = await Terminal.open(fake.url);
});
afterEach(async () => {
  await fake.stop();
  await terminal.close();
});

const stamp = '0123456789abcdef0123456789abcdef';
const fit: Fit = {
  known: { queues: 12, pilots: 30 },
  fitting: { queues: 0, pilots: 0 },
  closed: { queues: 0, pilots: 0 },
  bound_elsewhere: 0,
  requirements: [
    {
      requirement: 'site',
      asks: 'site cern',
      pass: { queues: 3, pilots: 0 },
      fail: { queues: 9, pilots: 30 },
      left: { queues: 3, pilots: 0 },
    },
    {
      requirement: 'processors',
      asks: '8 processors',
      pass: { queues: 4, pilots: 30 },
      fail: { queues: 8, pilots: 0 },
      left: { queues: 0, pilots: 0 },
    },
  ],
  never_together: ['site', 'processors'],
  changes: [
    {
      requirements: ['processors'],
      words: 'ask for at most 4 processors (you ask for 8)',
      then: { queues: 3, pilots: 0 },
    },
    { requirements: ['site'], words: 'add site RAL', then: { queues: 1, pilots: 30 } },
  ],
  places: [],
};
const waiting = {
  fit,
  share: { group: { turn: 0, share: 1, groups_before: 0 }, owner: null, entities: 1, entities_before: 0, before: null },
  supply: { pilots_coming: 0, pilots_running: 0 },
  limits: [],
  estimate: { earliest: null, latest: null, words: 'When it starts is unknown: there is no place for it now' },
};
const job = JobExplanation.parse({
  job_id: 1002,
  status: 'Waiting',
  minor_status: 'Pilot Agent Submission',
  summary: 'Nothing fits',
  reasons: [{ code: 'nothing-fits', text: 'Nothing fits' }],
  task_queue: 17,
  decision: null,
  waiting,
  ahead: { in_task_queue: { jobs: 0, at_least: false }, in_share_entity: { jobs: 0, at_least: false } },
});

describe('pilotage why', () => {
  it('shows one page about a waiting job', async () => {
    fake.on(explain.job, () => ({ body: job }));
    const ran = await terminal.run('pilotage why 1002');
    expect(ran).toEqual({
      code: 0,
      error: '',
      out: `Job 1002 is Waiting in task queue 17.
- Nothing fits.

To make it run: ask for at most 4 processors (you ask for 8) — then 3 queues and 0 pilots would do.
            or: add site RAL — then 1 queue and 30 pilots would do.

Known queues and pilots that pass; left are those that pass all from the first line on:
  requirement  asked for     queues   pilots    left
  site         site cern     3 of 12  0 of 30   3 + 0
  processors   8 processors  4 of 12  30 of 30  0 + 0
`,
    });
    expect(fake.got(explain.job).map(({ params }) => params)).toEqual([{ id: '1002' }]);
    expect(JSON.parse((await terminal.run('pilotage why 1002 --json')).out)).toEqual(job);
  });

  it('shows places and the estimate of a job that fits somewhere, and how a running one was chosen', async () => {
    const place = { site: 'CERN', ce: 'ce1', queue: 'long', pilots: 3, verdict: 'open' as const, trouble: null };
    const fits = { ...fit, fitting: { queues: 1, pilots: 3 }, never_together: null, changes: [], places: [place] };
    const estimate = { earliest: 60, latest: 600, words: 'An estimate, no promise: it starts in 60 s to 10 min' };
    fake.on(explain.job, () => ({ body: { ...job, waiting: { ...waiting, fit: fits, estimate } } }));
    const { out } = await terminal.run('pilotage why 1002');
    expect(out).toContain('Places that fit:\n  place             pilots  trouble\n  CERN (ce1, long)       3\n');
    expect(out).toMatch(/\n\nAn estimate, no promise: it starts in 60 s to 10 min\.\n$/);
    const decision = {
      attempt: 2,
      claimed_at: '2026-11-24T03:00:00Z',
      pilot_stamp: stamp,
      configuration_version: 7,
      task_queue: 17,
      turns: { vo: 0, group: 12_345.678, owner: 3 },
    };
    fake.on(explain.job, () => ({ body: { ...job, status: 'Running', waiting: null, ahead: null, decision } }));
    expect((await terminal.run('pilotage why 1002')).out).toBe(`Job 1002 is Running.
- Nothing fits.

Attempt 2 was chosen 2026-11-24 03:00:00 under configuration 7 from task queue 17 at turns VO 0, group 12,300, owner 3 for pilot ${stamp}.
`);
  });

  it('shows one page about a task queue', async () => {
    const told = TaskQueueExplanation.parse({
      task_queue: 17,
      vo: 'demo',
      group: null,
      owner: null,
      requirements: [{ requirement: 'processors', asks: '8 processors' }],
      waiting_jobs: { jobs: 100_000, at_least: true },
      summary: 'Nothing fits',
      reasons: job.reasons,
      waiting,
    });
    fake.on(explain.taskQueue, () => ({ body: told }));
    const { out } = await terminal.run('pilotage why --queue 17');
    expect(out).toMatch(
      /^Task queue 17 \(VO demo\): more than 100000 waiting jobs\.\nIts jobs ask for 8 processors\.\n/,
    );
    expect(out).toContain('To make it run: ask for at most 4 processors');
  });

  it('shows one page about a pilot', async () => {
    const told = PilotExplanation.parse({
      stamp,
      status: 'Running',
      site: 'CERN',
      ce: 'ce1',
      queue: 'long',
      summary: 'Nothing fits it',
      reasons: [{ code: 'nothing-fits', text: 'Nothing fits it' }],
      offer: {},
      offered_at: '2026-11-24T03:00:00Z',
      place: {
        platforms: null,
        tags: ['fast'],
        required_tags: [],
        whole_node: false,
        processors: 1,
        memory: 2_000,
        gpus: 0,
        cpu_work_left: null,
        wall_left: 3_600,
        idle: true,
      },
      task_queues: {
        waiting: 4,
        fitting: 0,
        of_other_owners: 0,
        failing: [{ requirement: 'processors', queues: 4 }],
        nearest: { task_queue: 17, lacks: ['processors'], words: 'x', alike: 4 },
      },
    });
    fake.on(explain.pilot, () => ({ body: told }));
    expect((await terminal.run(`pilotage why --pilot ${stamp}`)).out)
      .toBe(`Pilot ${stamp} is Running at CERN (ce1, long).
- Nothing fits it.

It offered 1 processor, 2000 MB of memory, 0 GPUs, 3600 s of wall time (noted 2026-11-24 03:00:00).
Platforms: any. Tags: fast.

Of 4 waiting task queues of its VO 0 fit. What keeps the others away:
  requirement  task queues
  processors             4
`);
  });

  it.each([
    ['pilotage why', 'what is meant is not clear'],
    ['pilotage why 1 --queue 2', 'what is meant is not clear'],
    ['pilotage why 1,2', 'one job is explained at a time'],
    ['pilotage why --queue x', 'x is no task queue'],
    ['pilotage why --pilot x', 'x is no stamp'],
  ])('refuses %s', async (line, what) => {
    expect(await terminal.run(line)).toMatchObject({ code: 1, out: '', error: expect.stringContaining(what) });
    expect(fake.calls).toEqual([]);
  });

  it('tells what the server refuses', async () => {
    fake.refuse(explain.job, 'job-not-found');
    expect(await terminal.run('pilotage why 7')).toMatchObject({ code: 1, error: expect.stringContaining('job list') });
  });
});
