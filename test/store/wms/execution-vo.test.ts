import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { holderOf, type MatchingTest, startMatching } from '../../support/matching.js';

const done = { outcome: 'done' as const, minor_status: 'Execution Complete', parameters: {} };
const failed = { ...done, outcome: 'failed' as const };
const running = { sequence: 1, status: 'Running' as const, parameters: {} };
const ended = { code: 'attempt-ended', status: 409 };

let wms: MatchingTest;
beforeAll(async () => {
  wms = await startMatching();
});
afterAll(() => wms.close());

it('An attempt of another VO than its job is refused, beside others in the same batch', async () => {
  const { reports, ends, claim } = wms.server();
  await wms.submit();
  const [attempt] = await claim(await wms.pilot());
  if (attempt === undefined) throw new Error('There was nothing to claim');
  const holder = holderOf(attempt);
  const stranger = { ...holder, vo: 'biomed' };
  const before = await wms.job(holder.jobId);
  await expect(reports.take(stranger, running)).rejects.toMatchObject(ended);
  await expect(ends.take(stranger, done)).rejects.toMatchObject(ended);
  expect(await wms.job(holder.jobId)).toEqual(before);
  const settled = await Promise.allSettled([
    ends.take(stranger, failed),
    ends.take(holder, done),
    ends.take(stranger, done),
  ]);
  expect(settled.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected']);
  expect(await wms.job(holder.jobId)).toMatchObject({ status: 'Done' });
});
