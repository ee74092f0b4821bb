import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SandboxInfo } from '../../src/contract/index.js';
import { keyOf, shortPfn } from '../../src/wms/outputs/pfn.js';
import { releaseSandboxes, removeUnused } from '../../src/wms/outputs/sandbox-retention.js';
import { jdoe, type Stages, startStages } from '../support/stages.js';

const owner = { vo: 'lhcb', group: 'lhcb_user', owner: 'jdoe', subject: 'lhcb:jdoe' };
const stranger = { ...owner, owner: 'rroe', subject: 'lhcb:rroe' };

function announce(content: string): SandboxInfo {
  const checksum = createHash('sha256').update(content).digest('hex');
  return { checksum_algorithm: 'sha256', checksum, size: Buffer.byteLength(content), format: 'tar.gz' };
}

describe('sandboxes', () => {
  let stages: Stages;

  beforeAll(async () => {
    stages = await startStages({ vos: { lhcb: { jobs: { max_sandbox_bytes: 1_000 } } } });
  });
  afterAll(() => stages.close());

  const store = async (content: string, of = owner): Promise<string> => {
    const { pfn } = await stages.sandboxes.initiate(of, announce(content));
    await stages.sandboxElement.put(keyOf(shortPfn(pfn)), Buffer.from(content));
    return pfn;
  };

  it('are named by their content and owner, as DiracX names them', async () => {
    const info = announce('named');
    const { pfn, url, fields } = await stages.sandboxes.initiate(owner, info);
    expect(pfn).toBe(`SB:SandboxSE|/S3/sandboxes/lhcb/lhcb_user/jdoe/sha256:${info.checksum}.tar.gz`);
    expect(url).not.toBeNull();
    expect(Object.keys(fields).length).toBeGreaterThan(0);
  });

  it('are uploaded once: the same content again needs no upload', async () => {
    await store('twice');
    expect(await stages.sandboxes.initiate(owner, announce('twice'))).toMatchObject({ url: null, fields: {} });
  });

  it('are offered again when the first upload never came', async () => {
    await stages.sandboxes.initiate(owner, announce('never'));
    expect((await stages.sandboxes.initiate(owner, announce('never'))).url).not.toBeNull();
  });

  it('have a limit, and say it', async () => {
    await expect(stages.sandboxes.initiate(owner, { ...announce('x'), size: 1_001 })).rejects.toMatchObject({
      code: 'sandbox-too-large',
      message: 'Sandbox too large, maximum allowed is 1000 bytes',
    });
  });

  it('refuse names that are none', () => {
    for (const name of [
      '',
      'x',
      '/S3/sandboxes/lhcb/g/u/../x',
      `/S3/other/lhcb/g/u/sha256:${'a'.repeat(64)}.tar.gz`,
      `/S3/sandboxes/a/b/c/sha256:${'A'.repeat(64)}.tar.gz`,
    ]) {
      expect(() => shortPfn(name)).toThrow(/not a sandbox name/);
    }
  });

  it('are attached to jobs by their owner only', async () => {
    const pfn = await store('mine');
    const assign = (jobId: number, who: typeof owner): Promise<void> =>
      stages.database.transaction((tx) => stages.sandboxes.assignInputs(tx, [{ jobId, pfn }], who));
    await assign(901, owner);
    await assign(901, owner);
    expect(await stages.sandboxes.ofJob(901, 'input')).toEqual([shortPfn(pfn)]);
    await expect(assign(902, stranger)).rejects.toMatchObject({ code: 'sandbox-not-found' });
    expect(await stages.sandboxes.ofJob(902, 'input')).toEqual([]);
    expect(await stages.sandboxes.problemsOf([pfn], stranger)).toHaveLength(1);
    expect(await stages.sandboxes.problemsOf([pfn], owner)).toEqual([]);
  });

  it('show the outputs of the latest attempt that brought any', async () => {
    const first = await store('attempt 1');
    const second = await store('attempt 2');
    await stages.sandboxes.assignOutput({ jobId: 903, attempt: 1 }, first, owner);
    await stages.sandboxes.assignOutput({ jobId: 903, attempt: 2 }, second, owner);
    expect(await stages.sandboxes.ofJob(903, 'output')).toEqual([shortPfn(second)]);
  });

  it('are not attached as outputs before their bytes are stored', async () => {
    const { pfn } = await stages.sandboxes.initiate(owner, announce('announced only'));
    await expect(stages.sandboxes.assignOutput({ jobId: 904, attempt: 1 }, pfn, owner)).rejects.toMatchObject({
      code: 'sandbox-not-found',
    });
  });

  it('that no job uses go after their days, bytes and row; used ones stay', async () => {
    const unused = await store('unused');
    const used = await store('used');
    await stages.database.transaction((tx) => stages.sandboxes.assignInputs(tx, [{ jobId: 905, pfn: used }], owner));
    const clean = () =>
      removeUnused(stages.database, stages.sandboxElement, {
        vo: 'lhcb',
        days: 1,
        signal: AbortSignal.timeout(60_000),
      });
    expect(await clean()).toBe(0);
    await stages.database.execute('UPDATE sandboxes SET last_access = NOW(6) - INTERVAL 2 DAY');
    expect(await clean()).toBeGreaterThan(0);
    expect(await stages.sandboxes.find(unused)).toBeUndefined();
    expect(await stages.sandboxElement.head(keyOf(shortPfn(unused)))).toBeNull();
    expect(await stages.sandboxes.find(used)).toBeDefined();
    expect(await stages.sandboxElement.head(keyOf(shortPfn(used)))).not.toBeNull();
  });

  it('that the last of their jobs gave up are unused, whether a user or their age took them away', async () => {
    const signal = AbortSignal.timeout(60_000);
    const [input, old, young] = [await store('input'), await store('old output'), await store('young output')];
    const outputs = [old, young, young];
    const jobs = await stages.submission.submitJsons(
      jdoe,
      outputs.map(() => ({ executable: 'x' })),
    );
    const ids = jobs.map(({ JobID }) => JobID);
    await stages.database.transaction((tx) =>
      stages.sandboxes.assignInputs(
        tx,
        ids.map((jobId) => ({ jobId, pfn: input })),
        owner,
      ),
    );
    for (const [index, jobId] of ids.entries()) {
      await stages.sandboxes.assignOutput({ jobId, attempt: 1 }, outputs[index] ?? '', owner);
    }
    await stages.database.execute('UPDATE sandboxes SET last_access = NOW(6) - INTERVAL 9 DAY');
    await stages.database.execute(
      "UPDATE jobs SET status = 'Done', last_update_time = NOW(6) - INTERVAL 9 DAY WHERE job_id = ?",
      [ids[0]],
    );
    expect(await releaseSandboxes(stages.database, { vo: 'lhcb', days: 7, signal })).toBe(1);
    expect(await stages.sandboxes.ofJob(ids[0] ?? 0, 'input')).toEqual([shortPfn(input)]);
    await stages.sandboxes.unassign(ids.slice(0, 2));
    const unused = await stages.database.query<{ pfn: string }>(
      'SELECT pfn FROM sandboxes WHERE assigned = FALSE AND pfn IN (?)',
      [[input, old, young].map(shortPfn)],
    );
    expect(unused).toEqual([{ pfn: shortPfn(old) }]);
    await stages.sandboxes.unassign(ids);
    await removeUnused(stages.database, stages.sandboxElement, { vo: 'lhcb', days: 1, signal });
    for (const pfn of [input, old, young]) expect(await stages.sandboxes.find(pfn)).toBeUndefined();
  });
});
