import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { call, execution, jobs, matching, type NodeReport, pilots } from '../../src/contract/index.js';
import { anOffer } from '../support/matching.js';
import { fetchTransport, startServer, type TestServer } from '../support/server.js';

let running: TestServer;
beforeAll(async () => {
  running = await startServer();
});
afterAll(() => running.close());

const node: NodeReport = {
  hostname: 'wn1',
  platform: 'x86_64-debian12',
  architecture: 'x86_64',
  processors: 2,
  memory: 4_000,
  gpus: 0,
  disk: 10_000,
  cpu_model: 'test',
  cpu_power: 12.5,
  benchmark_version: '1',
  isolation: 'bubblewrap',
  batch_system: '',
  batch_job: '',
  bundle: 'a'.repeat(64),
  wall_left: 3_600,
};
const administrator = () => running.tokenFor({ group: 'lhcb_admin' });

/** A pilot as a site director makes it: a row with the hash of a secret. */
async function submitted(more: Record<string, unknown> = {}): Promise<{ stamp: string; secret: string }> {
  const stamp = randomBytes(16).toString('hex');
  const secret = randomBytes(32).toString('base64url');
  const row = {
    stamp,
    vo: 'lhcb',
    site: 'Demo.Local',
    ce: 'local',
    queue: 'all',
    tags: '["web"]',
    platforms: '[]',
    secret_hash: createHash('sha256').update(secret).digest('hex'),
    ...more,
  };
  await running.database.execute(
    `INSERT INTO pilots (${Object.keys(row).join(', ')}, secret_expires_at) VALUES (?, NOW(6) + INTERVAL 1 HOUR)`,
    [Object.values(row)],
  );
  return { stamp, secret };
}
const exchange = (stamp: string, secret: string, exchange_id: string = randomUUID()) =>
  running.call(pilots.token, { body: { stamp, secret, exchange_id } });

/** A pilot that runs; gives its stamp and token. */
async function started(): Promise<{ stamp: string; token: string }> {
  const { stamp, secret } = await submitted();
  const { reply } = await exchange(stamp, secret);
  await running.call(pilots.report, { body: node }, reply.access_token);
  return { stamp, token: reply.access_token };
}
const claim = (token: string, more: Record<string, unknown> = {}) =>
  running.call(matching.claim, { body: { claim_id: randomUUID(), offer: { ...anOffer, idle: true }, ...more } }, token);
async function submit(description: Record<string, unknown> = {}): Promise<number> {
  const { reply } = await running.call(
    jobs.submit,
    { body: { jobs: [{ executable: '/bin/echo', arguments: '%j', ...description }] } },
    running.tokenFor(),
  );
  return reply.jobs[0]?.JobID ?? 0;
}
const statusOf = async (stamp: string) => {
  const { reply } = await running.call(pilots.find, { params: { stamp } }, running.tokenFor());
  return reply.pilot.Status;
};
const refused = (code: string) => ({ code });

describe('the secret of a pilot', () => {
  it('is exchanged once, and again only with the same exchange id', async () => {
    const { stamp, secret } = await submitted();
    const id = randomUUID();
    const { reply } = await exchange(stamp, secret, id);
    expect(reply.expires_in).toBe(3_600);
    await exchange(stamp, secret, id);
    await expect(exchange(stamp, secret)).rejects.toMatchObject(refused('invalid-secret'));
    const entries = await running.database.query('SELECT * FROM audit WHERE subject = ?', [stamp]);
    expect(entries).toHaveLength(1);
    expect(JSON.stringify(entries)).not.toContain(secret);
    const { reply: renewed } = await running.call(pilots.renew, {}, reply.access_token);
    expect(renewed.access_token).not.toBe(reply.access_token);
  });

  it('goes to one of several that exchange it at once', async () => {
    const { stamp, secret } = await submitted();
    const results = await Promise.allSettled(Array.from({ length: 5 }, () => exchange(stamp, secret)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('must be right, of this pilot, unexpired, and of a pilot that has not ended', async () => {
    const { stamp, secret } = await submitted();
    const other = await submitted();
    const aborted = await submitted({ status: 'Aborted' });
    const late = await submitted();
    await running.database.execute('UPDATE pilots SET secret_expires_at = NOW(6) WHERE stamp = ?', [late.stamp]);
    const bare = await submitted({ secret_hash: null });
    for (const [who, what] of [
      [stamp, `${secret}x`],
      [other.stamp, secret],
      ['0'.repeat(32), secret],
      [aborted.stamp, aborted.secret],
      [late.stamp, late.secret],
      [bare.stamp, bare.secret],
    ] as const) {
      await expect(exchange(who, what)).rejects.toMatchObject({ code: 'invalid-secret', status: 401 });
    }
    await exchange(stamp, secret);
  });

  it('can be repeated for ten minutes only', async () => {
    const { stamp, secret } = await submitted();
    const id = randomUUID();
    await exchange(stamp, secret, id);
    const [row] = await running.database.query<{ left: number }>(
      'SELECT TIMESTAMPDIFF(SECOND, NOW(6), secret_expires_at) AS `left` FROM pilots WHERE stamp = ?',
      [stamp],
    );
    expect(row?.left).toBeLessThanOrEqual(600);
    await running.database.execute('UPDATE pilots SET secret_expires_at = NOW(6) WHERE stamp = ?', [stamp]);
    await expect(exchange(stamp, secret, id)).rejects.toMatchObject(refused('invalid-secret'));
  });
});

describe('a pilot', () => {
  it('reports its node, gets a job with everything filled in, runs it, and ends', async () => {
    const { stamp, token } = await started();
    expect(await statusOf(stamp)).toBe('Running');
    const jobId = await submit({ tags: ['web'] });
    const { reply } = await claim(token, { wait: 5 });
    const [job] = reply.jobs;
    expect(job).toMatchObject({ job_id: jobId, attempt: 1, owner: 'alice', owner_group: 'lhcb_user', vo: 'lhcb' });
    expect(job).toMatchObject({ site: 'Demo.Local', processors: 1, lease_seconds: running.config.leaseSeconds });
    expect(job?.description).toMatchObject({ executable: '/bin/echo', arguments: String(jobId) });
    const attempt = job?.token ?? '';
    await running.call(
      execution.status,
      { body: { sequence: 1, status: 'Running', minor_status: 'Application' } },
      attempt,
    );
    const beat = { attempts: [{ job_id: jobId, attempt: 1, metrics: { CPUConsumed: 3 } }] };
    const { reply: beaten } = await running.call(execution.heartbeat, { body: beat }, token);
    expect(beaten.attempts).toMatchObject([{ outcome: 'renewed' }]);
    await expect(running.call(execution.heartbeat, { body: beat }, attempt)).rejects.toMatchObject({ status: 403 });
    await running.call(
      execution.end,
      { body: { outcome: 'done', exit_code: 0, minor_status: 'Execution Complete' } },
      attempt,
    );
    await running.call(pilots.end, { body: { status: 'Done', reason: 'no more jobs' } }, token);
    await running.call(pilots.end, { body: { status: 'Done', reason: 'no more jobs' } }, token);
    const { reply: found } = await running.call(pilots.find, { params: { stamp } }, running.tokenFor());
    expect(found.pilot).toMatchObject({
      Status: 'Done',
      StatusReason: 'no more jobs',
      CurrentJobID: jobId,
      BenchMark: 12.5,
    });
    expect(found).toMatchObject({
      node: { hostname: 'wn1' },
      jobs: [{ job_id: jobId, attempt: 1 }],
      log: { state: 'none' },
    });
    const { reply: of } = await running.call(pilots.ofJob, { params: { id: jobId } }, running.tokenFor());
    expect(of.pilots).toEqual([{ attempt: 1, stamp }]);
    await expect(claim(token)).rejects.toMatchObject(refused('pilot-ended'));
    const messages = await running.database.query("SELECT payload FROM outbox WHERE topic = 'seal-log'");
    expect(messages).toEqual([{ payload: JSON.stringify({ stamp, because: 'pilot' }) }]);
  });

  it('that waits gets a job well under a second after it was submitted', async () => {
    const { token } = await started();
    const waiting = claim(token, { wait: 20 });
    const before = performance.now();
    const jobId = await submit();
    const { reply } = await waiting;
    expect(reply.jobs).toMatchObject([{ job_id: jobId }]);
    expect(performance.now() - before).toBeLessThan(1_500);
    await running.call(execution.end, { body: { outcome: 'done', minor_status: 'ok' } }, reply.jobs[0]?.token);
  });

  it('that waits with full slots hears of a kill at once, again until it acknowledges, and ends its attempt', async () => {
    const { token } = await started();
    const jobId = await submit();
    const { reply: first } = await claim(token, { wait: 5 });
    const waiting = claim(token, { max_jobs: 0, wait: 20 });
    await running.call(
      jobs.setStatus,
      { body: { [jobId]: { [new Date().toISOString()]: { Status: 'Killed' } } } },
      running.tokenFor(),
    );
    const { commands } = (await waiting).reply;
    expect(commands).toMatchObject([{ job_id: jobId, attempt: 1, command: 'Kill' }]);
    expect((await claim(token, { max_jobs: 0 })).reply.commands).toEqual(commands);
    const acknowledged = commands.map(({ command_id }) => command_id);
    expect((await claim(token, { max_jobs: 0, acknowledged })).reply.commands).toEqual([]);
    const end = { outcome: 'killed' as const, minor_status: 'Received Kill signal' };
    await running.call(execution.end, { body: end }, first.jobs[0]?.token);
    const { reply } = await running.call(jobs.find, { params: { id: jobId } }, running.tokenFor());
    expect(reply.job.Status).toBe('Killed');
  });

  it('that goes away while it waits gets no job', async () => {
    const { stamp } = await submitted({ status: 'Running', isolation: 'bubblewrap' });
    const { token } = running.tokens.forPilot({ vo: 'lhcb', stamp }, 600);
    const gone = new AbortController();
    const body = { claim_id: randomUUID(), offer: anOffer, wait: 20 };
    const waiting = call(
      fetchTransport(running.url),
      matching.claim,
      { body },
      { headers: { authorization: `Bearer ${token}` }, signal: gone.signal },
    );
    const heard = async (): Promise<boolean> => {
      const query = 'SELECT 1 AS here FROM pilots WHERE stamp = ? AND last_contact IS NOT NULL';
      return (await running.database.query(query, [stamp])).length > 0;
    };
    while (!(await heard()));
    gone.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    await started().then(async (other) => {
      const jobId = await submit();
      const { reply } = await claim(other.token, { wait: 10 });
      expect(reply.jobs).toMatchObject([{ job_id: jobId, attempt: 1 }]);
      await running.call(execution.end, { body: { outcome: 'done', minor_status: 'ok' } }, reply.jobs[0]?.token);
    });
  });
});

describe('pilots that something else started', () => {
  it('are registered once, in the own VO only', async () => {
    const register = (body: Record<string, unknown>, token = administrator()) =>
      running.call(pilots.register, { body: { pilot_stamp: 'foreign-1', vo: 'lhcb', ...body } }, token);
    expect((await register({})).status).toBe(201);
    await expect(register({})).rejects.toMatchObject({
      status: 409,
      message: "Pilot with stamp 'foreign-1' already exists",
    });
    await expect(register({ vo: 'biomed' })).rejects.toMatchObject({ status: 403 });
    await expect(register({}, running.tokenFor())).rejects.toMatchObject({ status: 403 });
    await expect(register({ pilot_stamp: 'x'.repeat(33) })).rejects.toMatchObject({ status: 422 });
  });

  it('are changed by their fields; final states stay final', async () => {
    const generic = running.tokenFor({ group: 'lhcb_pilot' });
    const register = { pilot_stamp: 'foreign-2', vo: 'lhcb' };
    await running.call(pilots.register, { body: register }, generic);
    const set = (metadata: Record<string, unknown>, token = generic) =>
      running.call(pilots.setMetadata, { body: { 'foreign-2': metadata } }, token);
    await set({ Status: 'Done', StatusReason: 'finished', BenchMark: 7, DestinationSite: 'ce.example', Queue: null });
    await set({ Status: 'Running' });
    const search = { search: [{ parameter: 'PilotStamp', operator: 'eq' as const, value: 'foreign-2' }] };
    const { reply } = await running.call(pilots.search, { body: search }, running.tokenFor());
    expect(reply).toMatchObject([
      { Status: 'Done', StatusReason: 'finished', BenchMark: 7, DestinationSite: 'ce.example' },
    ]);
    await expect(running.call(pilots.setMetadata, { body: { nobody: {} } }, generic)).rejects.toMatchObject({
      status: 404,
    });
    const both = { 'foreign-1': {}, 'foreign-2': {} };
    await expect(running.call(pilots.setMetadata, { body: both }, generic)).rejects.toMatchObject({ status: 403 });
    await running.call(pilots.setMetadata, { body: both }, administrator());
    const foreign = running.tokenFor({ vo: 'biomed', group: 'biomed_admin' });
    await expect(set({ Status: 'Done' }, foreign)).rejects.toMatchObject({ status: 404 });
  });

  it('are searched within the own VO, paged as DiracX does, and not by pilots', async () => {
    const foreign = running.tokenFor({ vo: 'biomed', group: 'biomed_user' });
    const { reply: none } = await running.call(pilots.search, {}, foreign);
    expect(none).toEqual([]);
    const page = await running.call(pilots.search, { query: { per_page: 1 } }, running.tokenFor(), {
      alsoAccept: [206],
    });
    expect(page.status).toBe(206);
    expect(page.headers['content-range']).toMatch(/^pilots 0-0\/\d+$/);
    const generic = running.tokenFor({ group: 'lhcb_pilot' });
    await expect(running.call(pilots.search, {}, generic)).rejects.toMatchObject({ status: 403 });
    const { reply: counted } = await running.call(pilots.summary, { body: { grouping: ['VO'] } }, running.tokenFor());
    expect(counted).toMatchObject([{ VO: 'lhcb' }]);
    const { stamp } = await submitted();
    await expect(running.call(pilots.find, { params: { stamp } }, foreign)).rejects.toMatchObject(
      refused('pilot-not-found'),
    );
  });
});
