import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { JobDescription } from '../../../src/contract/index.js';
import { Descriptions } from '../../../src/wms/matching/descriptions.js';
import { freshDatabase } from '../../support/database.js';

let store: Awaited<ReturnType<typeof freshDatabase>>;
const documents = [
  { executable: 'plain.sh', job_name: 'plain' },
  { executable: 'each.sh', arguments: '--seed %j' },
  { executable: 'large.sh', arguments: 'x'.repeat(16_000) },
];

beforeAll(async () => {
  store = await freshDatabase();
  const rows = documents.map((document, at) => [at + 1, 'lhcb', JSON.stringify(JobDescription.parse(document))]);
  await store.database.execute('INSERT INTO job_descriptions (description_id, vo, document) VALUES ?', [rows]);
});
afterAll(() => store.drop());

describe('descriptions', () => {
  it('are found, each once, whatever is asked for at the same time; unknown ids are left out', async () => {
    const descriptions = new Descriptions(store.database);
    const [first, second] = await Promise.all([descriptions.find([1, 2, 1]), descriptions.find([2, 3, 99])]);
    expect([...first.keys()].toSorted()).toEqual([1, 2]);
    expect([...second.keys()].toSorted()).toEqual([2, 3]);
    expect(first.get(1)?.description).toMatchObject({ job_name: 'plain' });
    expect((await descriptions.find([1])).get(1)).toBe(first.get(1));
  });

  it('are one object for all jobs when nothing depends on the job', async () => {
    const found = await new Descriptions(store.database).find([1, 2]);
    expect([found.get(1)?.isFixed, found.get(2)?.isFixed]).toEqual([true, false]);
  });

  it('are forgotten when too much is remembered, the longest unused first, and read again', async () => {
    const descriptions = new Descriptions(store.database, 40_000);
    const plain = (await descriptions.find([1])).get(1);
    const large = (await descriptions.find([3])).get(3);
    // 32,000 characters for the large one: the plain one must go when it was not used since.
    await descriptions.find([1]);
    const again = await descriptions.find([1, 3]);
    expect([again.get(1) === plain, again.get(3) === large]).toEqual([true, true]);
    const small = new Descriptions(store.database, 1_000);
    const before = (await small.find([1])).get(1);
    await small.find([3]);
    const after = (await small.find([1])).get(1);
    expect(after).not.toBe(before);
    expect(after).toEqual(before);
  });
});
