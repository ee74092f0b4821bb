import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SandboxInfo } from '../../src/contract/index.js';
import { StorageElements } from '../../src/storage/index.js';
import { Sandboxes } from '../../src/wms/outputs/sandboxes.js';
import { Submission } from '../../src/wms/submission/submission.js';
import { WaitingJobs } from '../../src/wms/submission/waiting-jobs.js';
import { type Stages, startStages } from '../support/stages.js';

const owner = { vo: 'lhcb', group: 'lhcb_user', owner: 'jdoe', subject: 'lhcb:jdoe' };

let made = 0;
function sandbox(size: number): SandboxInfo {
  made += 1;
  const checksum = createHash('sha256').update(String(made)).digest('hex');
  return { checksum_algorithm: 'sha256', checksum, size, format: 'tar.gz' };
}

describe('the quota of sandboxes', () => {
  let stages: Stages;
  beforeAll(async () => {
    const groups = { lhcb_prod: { max_sandbox_bytes_per_owner: 5_000 } };
    stages = await startStages({ vos: { lhcb: { groups, jobs: { max_sandbox_bytes_per_owner: 2_000 } } } });
  });
  afterAll(() => stages.close());

  /** Another server, which has counted nothing yet. */
  const server = (): Sandboxes =>
    new Sandboxes(stages.database, new StorageElements([stages.sandboxElement]), stages.configuration, stages.gate);

  it('refuses what would exceed it, says how much there is, and changes nothing', async () => {
    const first = sandbox(1_500);
    await stages.sandboxes.initiate(owner, first);
    const refused = {
      code: 'sandbox-quota',
      status: 400,
      message:
        'jdoe has 1.5 kB in sandboxes; with 501 bytes more the quota of 2 kB would be exceeded; ' +
        'it shrinks as old jobs are removed; the administrators of lhcb can raise it',
    };
    await expect(stages.sandboxes.initiate(owner, sandbox(501))).rejects.toMatchObject(refused);
    await expect(server().initiate(owner, sandbox(501))).rejects.toMatchObject(refused);
    expect(await stages.database.query('SELECT size FROM sandboxes')).toEqual([{ size: 1_500 }]);
    await stages.sandboxes.initiate(owner, first);
    await stages.sandboxes.initiate(owner, sandbox(500));
  });

  it('is that of the group where the group has one, for all sandboxes of the owner', async () => {
    await server().initiate({ ...owner, group: 'lhcb_prod' }, sandbox(3_000));
    await expect(server().initiate({ ...owner, group: 'lhcb_prod' }, sandbox(1))).rejects.toMatchObject({
      code: 'sandbox-quota',
    });
  });

  it('is that of the owner alone', async () => {
    await server().initiate({ ...owner, owner: 'rroe', subject: 'lhcb:rroe' }, sandbox(2_000));
  });

  it('never refuses the outputs of jobs; with them above it, the owner may submit no more jobs', async () => {
    const job = [{ executable: '/bin/true' }];
    const late = { ...owner, owner: 'late', subject: 'lhcb:late' };
    const lateSubmitter = { vo: 'lhcb', group: 'lhcb_user', subject: 'lhcb:late', username: 'late' };
    await stages.submission.submitJsons(lateSubmitter, job);
    await server().initiate(late, sandbox(2_001), 'output');
    await expect(server().quota.admitJobs(late)).rejects.toMatchObject({
      code: 'sandbox-quota',
      message: expect.stringMatching(/^late has 2 kB in sandboxes, more than the quota of 2 kB; it shrinks/),
    });
    const elsewhere = new Submission(stages.configuration, server(), new WaitingJobs(stages.database), stages.register);
    await expect(elsewhere.submitJsons(lateSubmitter, job)).rejects.toMatchObject({ code: 'sandbox-quota' });
  });
});
