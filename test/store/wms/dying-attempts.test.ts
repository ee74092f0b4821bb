import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AttemptSandboxesController } from '../../../src/wms/outputs/attempt-sandboxes.controller.js';
import { keyOf, shortPfn } from '../../../src/wms/outputs/pfn.js';
import { Sandboxes } from '../../../src/wms/outputs/sandboxes.js';
import { type StorageElement, StorageElements } from '../../../src/storage/index.js';
import type { ClaimedAttempt } from '../../../src/wms/matching/earlier-claims.sql.js';
import { announceSandbox } from '../../support/announce-sandbox.js';
import { holderOf, type Matcher, type MatchingTest, startMatching } from '../../support/matching.js';

describe('an attempt', () => {
  let wms: MatchingTest;
  let server: Matcher;
  let stamp: string;

  beforeAll(async () => {
    wms = await startMatching();
    server = wms.server();
  });
  beforeEach(async () => {
    stamp = await wms.pilot();
  });
  afterAll(() => wms.close());

  async function start(): Promise<ClaimedAttempt> {
    await wms.submit();
    const [attempt] = await server.claim(stamp);
    if (attempt === undefined) throw new Error('There was nothing to claim');
    await server.reports.take(holderOf(attempt), { sequence: 1, status: 'Running', parameters: {} });
    return attempt;
  }

  it('whose job was killed meanwhile says nothing more about the job, neither minor nor application state', async () => {
    const attempt = await start();
    await wms.jobs.change((tx, effects) =>
      wms.jobs.move(tx, effects, [
        { jobId: attempt.job_id, to: 'Killed', minor: 'Marked for termination', source: 'User' },
      ]),
    );
    const before = await wms.history(attempt.job_id);
    await server.reports.take(holderOf(attempt), { sequence: 2, minor_status: 'Application', parameters: {} });
    await server.reports.take(holderOf(attempt), { sequence: 3, application_status: 'half', parameters: { a: 'b' } });
    expect(await wms.job(attempt.job_id)).toMatchObject({
      status: 'Killed',
      minor_status: 'Marked for termination',
      application_status: 'Unknown',
    });
    expect(await wms.history(attempt.job_id)).toEqual(before);
    expect(await wms.database.query('SELECT value FROM job_parameters WHERE job_id = ?', [attempt.job_id])).toEqual([
      { value: 'b' },
    ]);
  });

  it('renews its lease while the storage element thinks about its outputs', async () => {
    const attempt = await start();
    const pfn = await announceSandbox(wms, 'outputs');
    let asked = (): void => undefined;
    let answer = (): void => undefined;
    const wasAsked = new Promise<void>((resolve) => (asked = resolve));
    const mayAnswer = new Promise<void>((resolve) => (answer = resolve));
    const slow = new Proxy(wms.sandboxElement, {
      get(element, name) {
        const member = Reflect.get(element, name) as unknown;
        if (name === 'head') {
          return async (key: string) => {
            asked();
            await mayAnswer;
            return element.head(key);
          };
        }
        return typeof member === 'function' ? (member as (...given: unknown[]) => unknown).bind(element) : member;
      },
    }) as StorageElement;
    await wms.sandboxElement.put(keyOf(shortPfn(pfn)), Buffer.from('outputs'));
    const sandboxes = new Sandboxes(wms.database, new StorageElements([slow]), wms.configuration, wms.gate);
    const controller = new AttemptSandboxesController(sandboxes, wms.database);
    const assigned = controller.assignOutputs(holderOf(attempt), { body: { pfn } });
    await wasAsked;
    const beat = server.heartbeats.beat(stamp, [{ job_id: attempt.job_id, attempt: 1, metrics: {} }]);
    const first = await Promise.race([beat, delay(5_000, 'the lease is locked', { ref: false })]);
    answer();
    await assigned;
    expect(first).toMatchObject([{ outcome: 'renewed' }]);
    expect(await sandboxes.ofJob(attempt.job_id, 'output')).toEqual([shortPfn(pfn)]);
  });
});
