import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { explain, matching } from '../../src/contract/index.js';
import { holdJob } from '../support/held-job.js';
import { anOffer } from '../support/matching.js';
import { startServer, type TestServer, type TestUser } from '../support/server.js';
import type { Stages } from '../support/stages.js';
import { WakeUps } from '../../src/platform/index.js';
import { Jobs } from '../../src/wms/jobs/jobs.js';
import { Prospects } from '../../src/wms/matching/prospects.js';
import { TaskQueueIndex } from '../../src/wms/task-queues/task-queue-index.js';
import { ResourceStatuses } from '../../src/wms/resource-status/resource-statuses.js';

let running: TestServer;
const queue = (more: Record<string, unknown>) => ({ driver: 'local', queues: { q: { vos: ['lhcb'], ...more } } });

/** The pilots that are seen: four small ones at Demo.Local, and one at Big that serves somebody. */
beforeAll(async () => {
  running = await startServer({
    configuration: {
      vos: {
        biomed: { see_all_jobs: false },
        lhcb: { jobs: { job_types: ['User', 'Test'] }, running_limits: [{ group: 'lhcb_prod', max_running: 0 }] },
      },
      sites: {
        Big: { ces: { big: queue({ processors: 8, memory: 16_000 }) } },
        Fast: { ces: { fast: queue({ processors: 1, tags: ['gpu'], required_tags: ['gpu'], gpus: 1 }) } },
        Closed: { ces: { shut: queue({ processors: 1, platforms: ['el7'] }) } },
      },
    },
  });
  const last_offer = JSON.stringify({ ...anOffer, tags: ['fast'], platforms: ['el9'] });
  for (let at = 0; at < 4; at += 1) await aPilot(at === 0 ? {} : { last_offer });
  await aPilot({ site: 'Big', ce: 'big', queue: 'q', processors: 8, isolation: 'none', bound_owner: 'lhcb:bob' });
  const fast = { site: 'Fast', ce: 'fast', queue: 'q', status: 'Aborted' };
  await aPilot({ ...fast, status_reason: 'Not submitted: the proxy is over' });
  await aPilot({ ...fast, status_reason: 'Not submitted: no such queue' });
  await aPilot({ status: 'Aborted', status_reason: 'Removed by hand' });
});
afterAll(() => running.close());

async function aPilot(row: Record<string, unknown> = {}): Promise<string> {
  const stamp = randomBytes(16).toString('hex');
  const place = { site: 'Demo.Local', ce: 'local', queue: 'all', processors: 2 };
  const node = JSON.stringify({ hostname: 'wn1', platform: 'x86_64-el9', memory: 4_000, gpus: 0 });
  const columns = { stamp, vo: 'lhcb', status: 'Running', isolation: 'bubblewrap', node, ...place, ...row };
  await running.database.execute(
    `INSERT INTO pilots (${Object.keys(columns).join(', ')}, last_contact) VALUES (?, NOW(6))`,
    [Object.values(columns)],
  );
  return stamp;
}

async function submit(description: Record<string, unknown>, user: TestUser = {}): Promise<number> {
  const reply = await fetch(`${running.url}/api/jobs`, {
    method: 'POST',
    headers: { authorization: `Bearer ${running.tokenFor(user)}`, 'content-type': 'application/json' },
    body: JSON.stringify({ jobs: [{ executable: 'x', ...description }] }),
  });
  expect(reply.status).toBe(201);
  const { jobs } = (await reply.json()) as { jobs: { JobID: number }[] };
  await running.app.get(TaskQueueIndex).rebuild();
  return jobs[0]?.JobID ?? 0;
}
const why = async (id: number, user: TestUser = {}) =>
  (await running.call(explain.job, { params: { id } }, running.tokenFor(user))).reply;
const whyQueue = async (id: number, user: TestUser = {}) =>
  (await running.call(explain.taskQueue, { params: { id } }, running.tokenFor(user))).reply;
const whyPilot = async (stamp: string, user: TestUser = {}) =>
  (await running.call(explain.pilot, { params: { stamp } }, running.tokenFor(user))).reply;
const codes = ({ reasons }: { reasons: { code: string }[] }): string[] => reasons.map(({ code }) => code);

describe('why a job waits', () => {
  it('counts requirement by requirement, names what never comes together, and the smallest change', async () => {
    const id = await submit({ sites: ['Demo.Local', 'Fast'], min_processors: 8 });
    const told = await why(id);
    expect(told).toMatchObject({ job_id: id, status: 'Waiting', decision: null });
    expect(told.summary).toBe(
      'None of 4 queues and 4 pilots offers these together, though some offer each: ' +
        'site demo.local, fast (2 queues and 4 pilots); 8 processors (1 queue and 0 pilots)',
    );
    expect(codes(told)).toEqual(['nothing-fits']);
    expect(told.waiting?.fit).toMatchObject({
      known: { queues: 4, pilots: 4 },
      never_together: ['site', 'processors'],
      changes: [
        { words: 'ask for at most 2 processors (you ask for 8)', then: { queues: 1, pilots: 4 } },
        { words: 'add site Big', then: { queues: 1, pilots: 0 } },
        expect.anything(),
      ],
    });
    expect(told.waiting?.estimate).toMatchObject({ earliest: null, latest: null });
  });

  it('counts pilots by what they offered last', async () => {
    const told = await why(await submit({ tags: ['fast'], platforms: ['el9'] }));
    expect(told.waiting?.fit).toMatchObject({ fitting: { queues: 0, pilots: 3 }, places: [{ pilots: 3 }] });
  });

  it('says that nothing stands in its way, or who goes first', async () => {
    const owner = { user: 'a' };
    const id = await submit({ cpu_work: 200 }, owner);
    expect(codes(await why(id, owner))).toContain('next');
    const low = await submit({ cpu_work: 200, priority: 0 }, owner);
    const other = await submit({ cpu_work: 2_000, priority: 5 }, owner);
    const told = await why(low, owner);
    expect(codes(told)).toContain('position');
    expect(told.ahead).toEqual({
      in_task_queue: { jobs: 1, at_least: false },
      in_share_entity: { jobs: 1, at_least: false },
    });
    expect((await why(other, owner)).ahead?.in_share_entity.jobs).toBe(0);
  });

  it('names those who go first to administrators only', async () => {
    await submit({}, { user: 'aaron' });
    const id = await submit({}, { user: 'zz' });
    const told = await why(id, { user: 'zz' });
    expect(told.waiting?.share.entities_before).toBeGreaterThan(0);
    expect(JSON.stringify(told)).not.toContain('aaron');
    const toAdministrator = await why(id, { group: 'lhcb_admin', user: 'root' });
    expect(toAdministrator.waiting?.share.before).toContain('aaron (lhcb_user)');
  });

  it('tells of pilots that serve others, of places without pilots, and of places that are closed', async () => {
    expect(codes(await why(await submit({ min_processors: 8 })))).toEqual(
      expect.arrayContaining(['no-pilots', 'bound-elsewhere']),
    );
    const [refused] = (await why(await submit({ sites: ['Fast'], tags: ['gpu'] }))).reasons;
    expect(refused?.text).toMatch(
      /none is on the way: the last pilot that was sent there was aborted .* ago: Not submitted: no such queue$/,
    );
    expect(JSON.stringify(await why(await submit({ sites: ['Demo.Local'] })))).not.toContain('Removed by hand');
    const id = await submit({ sites: ['Closed'] });
    await running.app
      .get(ResourceStatuses)
      .set(
        { kind: 'site', name: 'Closed', vo: '', access: '', status: 'Banned', reason: 'power cut', expires: null },
        'test',
      );
    const told = await why(id);
    expect(told.summary).toBe('1 queue and 0 pilots fit, but may not be used: site closed is Banned: power cut');
    expect(told.waiting?.fit).toMatchObject({ fitting: { queues: 1 }, closed: { queues: 1 }, never_together: null });
    expect(told.waiting?.fit.changes[0]?.words).toMatch(/^add site /);
  });

  it('names the limits that are full', async () => {
    const member = { group: 'lhcb_prod', user: 'pat' };
    const told = await why(await submit({}, member), member);
    expect(told.waiting?.limits).toEqual([
      {
        code: 'limit',
        text: expect.stringContaining('No job of group lhcb_prod may begin: a limit is set to 0'),
      },
    ]);
    expect(codes(told)).toContain('limit');
  });

  it('says where it is when it does not wait, and how it was chosen', async () => {
    const stages = { jobs: running.app.get(Jobs) } as Stages;
    const id = await submit({});
    await holdJob(stages, id);
    const matched = await why(id);
    expect(matched).toMatchObject({ status: 'Matched', waiting: null, ahead: null });
    expect(matched.summary).toMatch(/^It was claimed at .* at Demo\.Local \(local\) by attempt 1 on pilot a{32}/);
    expect(matched.decision).toMatchObject({ attempt: 1, configuration_version: 1, turns: null });
    await stages.jobs.change((tx, effects) =>
      stages.jobs.move(tx, effects, [{ jobId: id, to: 'Killed', source: 'x' }]),
    );
    expect(codes(await why(id))).toEqual(['killed', 'still-executing']);
    await stages.jobs.change((tx, effects) =>
      stages.jobs.move(tx, effects, [{ jobId: id, to: 'Waiting', force: true, source: 'x' }]),
    );
    expect(codes(await why(id))).toEqual(['earlier-attempt']);
  });

  it('is for those who may see the job', async () => {
    const id = await submit({}, { vo: 'biomed', group: 'biomed_user', user: 'zoe' });
    const stranger = why(id, { vo: 'biomed', group: 'biomed_user', user: 'yves' });
    await expect(stranger).rejects.toMatchObject({ code: 'job-not-found' });
    await expect(why(id)).rejects.toMatchObject({ code: 'job-not-found' });
    expect(codes(await why(id, { vo: 'biomed', group: 'biomed_admin', user: 'zack' }))).toContain('no-pilots');
  });
});

describe('why a task queue waits', () => {
  it('says the same of all its jobs', async () => {
    const id = await submit({ tags: ['quantum'] });
    const second = await submit({ tags: ['quantum'] });
    const { task_queue } = await why(second);
    const told = await whyQueue(task_queue ?? 0);
    expect(told).toMatchObject({
      task_queue,
      vo: 'lhcb',
      owner: 'alice',
      waiting_jobs: { jobs: 2, at_least: false },
      summary: 'None of 4 queues and 4 pilots offers what it asks for: tags quantum',
    });
    expect(told.requirements).toContainEqual({ requirement: 'tags', asks: 'tags quantum' });
    expect(await whyQueue(task_queue ?? 0, { user: 'bob' })).toMatchObject({ owner: null, group: null });
    await running.database.execute('UPDATE jobs SET waiting_in = NULL WHERE job_id IN (?)', [[id, second]]);
    expect(codes(await whyQueue(task_queue ?? 0))).toEqual(['empty']);
  });

  it('is for those who may see its jobs', async () => {
    const owner = { vo: 'biomed', group: 'biomed_user', user: 'zoe' };
    const { task_queue } = await why(await submit({ tags: ['own'] }, owner), owner);
    const id = task_queue ?? 0;
    expect(codes(await whyQueue(id, owner))).toContain('nothing-fits');
    for (const user of [{ ...owner, user: 'yves' }, {}])
      await expect(whyQueue(id, user)).rejects.toMatchObject({ code: 'task-queue-not-found' });
  });
});

describe('why a pilot got nothing', () => {
  /** A claim that gets nothing; its offer is noted. */
  async function claimInVain(stamp: string, offer: Record<string, unknown> = {}, vo = 'lhcb'): Promise<void> {
    const { token } = running.tokens.forPilot({ vo, stamp }, 600);
    const body = { claim_id: randomUUID(), offer: { ...anOffer, ...offer } };
    expect((await running.call(matching.claim, { body }, token)).reply.jobs).toEqual([]);
  }

  it('holds its last offer against the waiting task queues', async () => {
    await running.database.execute('UPDATE jobs SET waiting_in = NULL');
    await running.app.get(TaskQueueIndex).rebuild();
    const stamp = await aPilot();
    expect(codes(await whyPilot(stamp))).toEqual(['no-offer']);
    await claimInVain(stamp, { processors: 2 });
    expect(codes(await whyPilot(stamp))).toEqual(['no-jobs']);
    await submit({ min_processors: 8 });
    await submit({ min_processors: 8 }, { user: 'bob' });
    await submit({ sites: ['Fast'], gpus: 1 });
    const told = await whyPilot(stamp, { user: 'bob' });
    expect(told).toMatchObject({
      place: { processors: 2, platforms: ['x86_64-el9'], whole_node: false },
      task_queues: { waiting: 3, fitting: 0, nearest: { lacks: ['processors'], alike: 2 } },
    });
    expect(told.task_queues?.failing).toEqual([
      { requirement: 'site', queues: 1 },
      { requirement: 'processors', queues: 2 },
      { requirement: 'gpus', queues: 1 },
    ]);
    expect(told.summary).toContain('they ask for 8 processors, 2 are free (2 task queues lack just that)');
  });

  it('tells of ends, silence, draining, statuses and owners', async () => {
    expect(codes(await whyPilot(await aPilot({ status: 'Done' })))).toEqual(['ended']);
    const draining = await aPilot({ drain: 1, site: 'Closed' });
    await running.database.execute('UPDATE pilots SET last_contact = NOW(6) - INTERVAL 1 DAY WHERE stamp = ?', [
      draining,
    ]);
    expect(codes(await whyPilot(draining))).toEqual(['silent', 'drain', 'closed']);
    const bound = await aPilot({ isolation: 'none', bound_owner: 'lhcb:nobody' });
    await claimInVain(bound, { processors: 0 });
    expect(codes(await whyPilot(bound))).toEqual(['full', 'nothing-fits']);
    await submit({ job_name: 'fits' });
    const busy = await aPilot({ isolation: 'none', bound_owner: 'lhcb:nobody', site: 'Elsewhere' });
    await claimInVain(busy);
    expect(codes(await whyPilot(busy))).toEqual(['other-owners']);
  });

  it('tells when this server keeps it free, or has just braked it', async () => {
    const { kept } = running.app.get(Prospects);
    const stamp = await aPilot();
    await submit({ job_name: 'waits' });
    const [queue] = running.app.get(TaskQueueIndex).queues.all();
    if (queue === undefined) throw new Error('No task queue is known');
    expect(kept.keep(stamp, queue)).toBe(true);
    expect(codes(await whyPilot(stamp))).toEqual(['kept-free']);
    kept.release(stamp);
    expect(codes(await whyPilot(stamp))).toEqual(['no-offer']);
    const hosts = ['n1', 'n2', 'n3'].map((host) => ({ site: 'Demo.Local', host }));
    running.app.get(Prospects).gaveTo(hosts);
    const losses = [1, 2, 3, 4, 5].map((job) => ({ job, site: 'demo.local', host: '', pilot: stamp, seconds: 1 }));
    running.app.get(WakeUps).wakeHere('loss', [JSON.stringify({ from: 'another server', losses })]);
    const [braked] = (await whyPilot(stamp)).reasons;
    expect(braked).toMatchObject({ code: 'closed', text: expect.stringContaining('lost 5 jobs') });
  });

  it('is unknown in other VOs', async () => {
    const stamp = await aPilot();
    const foreign = whyPilot(stamp, { vo: 'biomed', group: 'biomed_user', user: 'zoe' });
    await expect(foreign).rejects.toMatchObject({ code: 'pilot-not-found' });
  });
});
