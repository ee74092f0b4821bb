import { describe, expect, it } from '@jest/globals';
import { type ClaimReply, JobDescription } from '../../../../src/contract/index.js';
import { claimText, keepText } from '../../../../src/wms/matching/claim-text.js';

const described = (more: object) => JobDescription.parse({ executable: 'a "quoted" name', sites: ['Ä', 'B'], ...more });
const job = (jobId: number, description: JobDescription): ClaimReply['jobs'][number] => ({
  job_id: jobId,
  attempt: 1,
  token: 'a.b.c',
  lease_seconds: 600,
  owner: 'alice',
  owner_group: 'users',
  vo: 'lhcb',
  site: 'LCG.CERN.cern',
  processors: 1,
  memory: 2_000,
  gpus: 0,
  description,
});

describe('the text of a reply to a claim', () => {
  const shared = described({ job_name: 'shared' });
  keepText(shared);
  const replies: ClaimReply[] = [
    { jobs: [], commands: [], drain: false },
    { jobs: [], commands: [{ command_id: 1, job_id: 2, attempt: 1, command: 'Kill' }], drain: true },
    { jobs: [job(1, shared)], commands: [], drain: false },
    { jobs: [job(1, shared), job(2, described({})), job(3, shared)], commands: [], drain: false },
  ];

  it.each(replies)('is its JSON, with descriptions that jobs share and with others: %#', (reply) => {
    expect(JSON.parse(claimText(reply))).toEqual(JSON.parse(JSON.stringify(reply)));
  });
});
