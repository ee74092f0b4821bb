import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { type ClaimRequest, jobs, matching } from '../../src/contract/index.js';
import { Metrics, WakeUps } from '../../src/platform/index.js';
import { WaitingRoom } from '../../src/wms/matching/waiting-room.js';
import { anOffer } from '../support/matching.js';
import { startServer, type TestServer } from '../support/server.js';

let running: TestServer;
let pilots = 0;

beforeAll(async () => {
  running = await startServer();
});

afterAll(() => running.close());

interface TestPilot {
  stamp: string;
  token: string;
}

async function newPilot(): Promise<TestPilot> {
  const [pilot] = await newPilots(1);
  if (pilot === undefined) throw new Error('There is no pilot');
  return pilot;
}

async function newPilots(count: number): Promise<TestPilot[]> {
  const made = Array.from({ length: count }, () => {
    pilots += 1;
    const stamp = pilots.toString(16).padStart(32, '0');
    return { stamp, token: running.tokens.forPilot({ vo: 'lhcb', stamp }, 600).token };
  });
  await running.database.execute('INSERT INTO pilots (stamp, vo, site, ce, queue, status, isolation) VALUES ?', [
    made.map(({ stamp }) => [stamp, 'lhcb', 'Demo.Local', 'local', 'all', 'Running', 'bubblewrap']),
  ]);
  return made;
}

/** A claim that waits. Tags and memory of the offer may differ from {@link anOffer}. */
function claim(
  token: string,
  {
    offer = {},
    signal,
    ...more
  }: { offer?: Partial<typeof anOffer>; signal?: AbortSignal } & Partial<Omit<ClaimRequest, 'offer'>> = {},
) {
  const body = { claim_id: randomUUID(), offer: { ...anOffer, ...offer }, wait: 60, ...more };
  return running.call(matching.claim, { body }, token, signal === undefined ? {} : { signal });
}

async function submit(count: number, description = {}): Promise<number[]> {
  const body = { jobs: Array.from({ length: count }, () => ({ executable: '/bin/true', ...description })) };
  const { reply } = await running.call(jobs.submit, { body }, running.tokenFor());
  return reply.jobs.map(({ JobID }) => JobID);
}

/** Waits until so many calls stand in the room. */
async function standing(count: number): Promise<void> {
  while (running.app.get(WaitingRoom).size !== count) await delay(10);
}

async function calledClaims(): Promise<number> {
  const metric = await running.app.get(Metrics).registry.getSingleMetric('pilotage_called_claims_total')?.get();
  return (metric?.values ?? []).reduce((sum, { value }) => sum + value, 0);
}

it('gives jobs to the kind of pilots that they fit, in about as many claims as there are jobs', async () => {
  const made = await newPilots(200);
  const left = new AbortController();
  const got: { kind: string; id: number }[] = [];
  const waiting = made.map(async ({ token }, at) => {
    const kind = at % 2 === 0 ? 'special' : 'plain';
    const offer = kind === 'special' ? { tags: ['special'] } : {};
    const answer = await claim(token, { offer, signal: left.signal }).catch(() => null);
    for (const { job_id } of answer?.reply.jobs ?? []) got.push({ kind, id: job_id });
  });
  await standing(200);
  const before = await calledClaims();
  const ids = await submit(10, { tags: ['special'] });
  while (got.length < 10) await delay(10);
  expect(new Set(got.map(({ id }) => id))).toEqual(new Set(ids));
  expect(got.map(({ kind }) => kind)).toEqual(Array.from({ length: 10 }, () => 'special'));
  // Two hundred would be the herd.
  expect((await calledClaims()) - before).toBeLessThanOrEqual(40);
  left.abort();
  await Promise.all(waiting);
  // Clients that hung up are forgotten.
  await standing(0);
}, 60_000);

it('a pilot that shall end and one that has ended hear of it while they wait', async () => {
  const draining = await newPilot();
  const ended = await newPilot();
  const answer = claim(draining.token);
  const refusal = claim(ended.token).catch((error: unknown) => error);
  await standing(2);
  await running.database.execute('UPDATE pilots SET drain = 1 WHERE stamp = ?', [draining.stamp]);
  await running.database.execute("UPDATE pilots SET status = 'Aborted' WHERE stamp = ?", [ended.stamp]);
  expect((await answer).reply).toEqual({ jobs: [], commands: [], drain: true });
  expect(await refusal).toMatchObject({ code: 'pilot-ended' });
  await standing(0);
}, 60_000);

it('jobs and kills reach waiting pilots also when every wake-up is lost', async () => {
  const deaf = jest.spyOn(running.app.get(WakeUps), 'wake').mockImplementation(() => undefined);
  try {
    const pilot = await newPilot();
    const waiting = claim(pilot.token);
    await standing(1);
    const [id = 0] = await submit(1);
    const [job] = (await waiting).reply.jobs;
    expect(job).toMatchObject({ job_id: id });
    // A pilot that is full waits for commands only.
    const full = claim(pilot.token, { max_jobs: 0, offer: { processors: 0, idle: false } });
    await standing(1);
    await running.call(jobs.kill, { body: { job_ids: [id] } }, running.tokenFor());
    expect((await full).reply.commands).toMatchObject([{ job_id: id, attempt: 1, command: 'Kill' }]);
  } finally {
    deaf.mockRestore();
  }
}, 60_000);

it('a senseless offer is refused at once, and a claim that is repeated gets its jobs again', async () => {
  const pilot = await newPilot();
  const senseless = claim(pilot.token, { offer: { required_tags: ['x'] } });
  await expect(senseless).rejects.toMatchObject({ code: 'wrong-conditions' });
  const claim_id = randomUUID();
  const [id] = await submit(1);
  const first = await claim(pilot.token, { claim_id });
  const second = await claim(pilot.token, { claim_id });
  expect(first.reply.jobs).toMatchObject([{ job_id: id, attempt: 1 }]);
  expect(second.reply.jobs).toMatchObject([{ job_id: id, attempt: 1 }]);
  await standing(0);
}, 60_000);
