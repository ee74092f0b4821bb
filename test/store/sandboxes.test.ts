import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SandboxInfo } from '../../src/contract/index.js';
import { keyOf, shortPfn } from '../../src/wms/outputs/pfn.js';
import { type Stages, startStages } from '../support/stages.js';

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
    expect(await stages.sandboxes.clean(1)).toBe(0);
    await stages.database.execute('UPDATE sandboxes SET last_access = NOW(6) - INTERVAL 2 DAY');
    expect(await stages.sandboxes.clean(1)).toBeGreaterThan(0);
    expect(await stages.sandboxes.find(unused)).toBeUndefined();
    expect(await stages.sandboxElement.head(keyOf(shortPfn(unused)))).toBeNull();
    expect(await stages.sandboxes.find(used)).toBeDefined();
    expect(await stages.sandboxElement.head(keyOf(shortPfn(used)))).not.toBeNull();
  });
});
