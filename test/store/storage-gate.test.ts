import { createHash, randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { SandboxInfo, StorageAccess } from '../../src/contract/index.js';
import { keyOf, shortPfn } from '../../src/wms/outputs/pfn.js';
import { PilotLogs } from '../../src/wms/pilot-logs/pilot-logs.js';
import { announceSandbox } from '../support/announce-sandbox.js';
import { jdoe, type Stages, startStages } from '../support/stages.js';

const owner = { vo: 'lhcb', group: 'lhcb_user', owner: 'jdoe', subject: 'lhcb:jdoe' };
const common = { kind: 'storage', name: 'SandboxSE', vo: '' } as const;

let stages: Stages;
beforeAll(async () => {
  stages = await startStages({ storage: { pilot_logs: 'SandboxSE' } });
});
afterAll(() => stages.close());

async function close(
  access: StorageAccess,
  status: 'Banned' | 'Probing' | 'Degraded' = 'Banned',
  vo = '',
): Promise<void> {
  await stages.statuses.set({ ...common, access, vo, status, reason: 'full', expires: null }, 'test');
}
async function open(): Promise<void> {
  for (const { kind, name, vo, access } of stages.statuses.all()) {
    await stages.statuses.clear({ kind, name, vo, access }, 'over', 'test');
  }
}
afterEach(open);

const refusal = (access: string, status = 'Banned') => ({
  code: 'storage-closed',
  status: 503,
  message: `SandboxSE is ${status} for ${access}: full`,
  details: { retryAfter: 60 },
});

function announcement(content: string): SandboxInfo {
  const checksum = createHash('sha256').update(content).digest('hex');
  return { checksum_algorithm: 'sha256', checksum, size: content.length, format: 'tar.gz' };
}

describe('sandboxes of a closed storage element', () => {
  it('are not announced while it may not be written, inputs and outputs alike, and nothing is changed', async () => {
    await close('write');
    for (const kind of ['upload', 'output'] as const) {
      await expect(stages.sandboxes.initiate(owner, announcement('new'), kind)).rejects.toMatchObject(refusal('write'));
    }
    expect(await stages.database.query('SELECT pfn FROM sandboxes')).toEqual([]);
    await open();
    expect((await stages.sandboxes.initiate(owner, announcement('new'), 'output')).url).not.toBeNull();
  });

  it('are not read while it is probed for reading; other VOs and other uses go on', async () => {
    const { pfn } = await stages.sandboxes.initiate(owner, announcement('old'));
    await close('read', 'Probing', 'biomed');
    await close('write', 'Degraded');
    await expect(stages.sandboxes.downloadUrl(shortPfn(pfn), 'biomed')).rejects.toMatchObject(
      refusal('read', 'Probing'),
    );
    expect((await stages.sandboxes.downloadUrl(shortPfn(pfn), 'lhcb')).url).toContain('http');
    await expect(stages.sandboxes.initiate(owner, announcement('more'))).resolves.toMatchObject({ fields: {} });
  });

  it('leave a job in Checking while it may not be checked, and the next look sends it on', async () => {
    const pfn = await announceSandbox(stages, 'bytes');
    const [accepted] = await stages.submission.submitJsons(jdoe, [{ executable: '/bin/true', input_sandbox: [pfn] }]);
    const id = accepted?.JobID ?? 0;
    const state = async (): Promise<unknown> =>
      (await stages.database.query('SELECT status FROM jobs WHERE job_id = ?', [id]))[0];
    await close('check');
    await expect(stages.checkJobs.run([id])).rejects.toMatchObject(refusal('check'));
    expect(await state()).toEqual({ status: 'Checking' });
    await open();
    await stages.sandboxElement.put(keyOf(shortPfn(pfn)), Buffer.from('bytes'));
    await stages.checkJobs.run([id]);
    expect(await state()).toEqual({ status: 'Waiting' });
  });
});

describe('pilot logs of a closed storage element', () => {
  it('take no new chunk, acknowledge old ones, stay open, and are whole when it is open again', async () => {
    const { database, configuration, wakeUps, gate } = stages;
    const logs = new PilotLogs(database, gate, configuration, wakeUps);
    const stamp = randomBytes(16).toString('hex');
    await database.execute("INSERT INTO pilots (stamp, vo, status) VALUES (?, 'lhcb', 'Running')", [stamp]);
    await logs.append(stamp, 0, 'first\n');
    await close('write');
    await logs.append(stamp, 0, 'first\n');
    await expect(logs.append(stamp, 1, 'second\n')).rejects.toMatchObject(refusal('write'));
    await database.execute("UPDATE pilots SET status = 'Done' WHERE stamp = ?", [stamp]);
    expect(await logs.seal(stamp, 'vanished')).toBe(false);
    await close('read');
    for (const read of [logs.read('lhcb', stamp, 0), logs.findReadable('lhcb', stamp)]) {
      await expect(read).rejects.toMatchObject(refusal('read'));
    }
    await open();
    expect(await logs.seal(stamp, 'vanished')).toBe(true);
    expect(await logs.seal('f'.repeat(32), 'vanished')).toBe(false);
  });
});
