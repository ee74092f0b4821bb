import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { FakeJob } from '../pilot/support/fake-server.js';
import { PilotProcess, until } from '../pilot/support/pilot-process.js';
import { pilotSuite, shell } from '../pilot/support/pilot-suite.js';
import { SmallDisk } from '../support/faults/small-disk.js';
import { sha256 } from '../support/faults/world.js';

const suite = pilotSuite();
const clock = `--import=${resolve('test/support/faults/clock.mjs')}`;
const runs = (job: FakeJob): boolean => job.statuses.some(({ minor_status }) => minor_status === 'Application');
const writes = { ...shell('echo precious > out'), output_sandbox: ['out'] };

describe('a store that refuses', () => {
  it('now and then gets the outputs all the same, once each', async () => {
    const job = suite.server.submit(writes);
    suite.server.storeAnswers = [503, 0, 403, 500];
    expect(await suite.start().exited).toBe(0);
    expect(job.end).toMatchObject({ outcome: 'done' });
    expect(sha256(job.output ?? '')).toBe(job.announced);
  }, 60_000);

  it('for good makes the end of the attempt say so', async () => {
    const job = suite.server.submit(writes);
    suite.server.storeAnswers = [400];
    expect(await suite.start().exited).toBe(0);
    expect(job.output).toBeUndefined();
    expect(job.end).toMatchObject({ outcome: 'failed', failure_class: 'output' });
    expect(job.end?.minor_status).toMatch(/Output/);
    expect(job.end?.application_status).toContain('HTTP 400');
  }, 60_000);
});

describe('a node whose clock is set an hour forward while the server is away', () => {
  it('loses no word and no output', async () => {
    const moment = join(suite.folder, `clock-${suite.server.stamp}`);
    const job = suite.server.submit(writes);
    suite.server.submit({ ...shell('true') });
    const pilot = suite.start({ NODE_OPTIONS: clock, CLOCK_SHIFT: '3600', CLOCK_SHIFT_WHEN: moment });
    await until('it runs', () => runs(job));
    await suite.server.down();
    await until('the pilot tries in vain', () => pilot.output.includes('trying again'));
    writeFileSync(moment, '');
    const tries = pilot.output.length;
    await until('it tries on', () => pilot.output.indexOf('trying again', tries) > 0, 60);
    await suite.server.up();
    expect(await pilot.exited).toBe(0);
    expect(suite.server.jobs.map(({ end }) => end?.outcome)).toEqual(['done', 'done']);
    expect(sha256(job.output ?? '')).toBe(job.announced);
  }, 120_000);
});

const why = SmallDisk.missing;
const withDisk = why === null ? describe : describe.skip;

withDisk(`a node whose disk is full${why === null ? '' : ` (skipped: ${why})`}`, () => {
  let disk: SmallDisk | undefined;
  let pilot: PilotProcess | undefined;
  afterEach(async () => {
    await pilot?.remove();
    disk?.remove();
  });

  it('because of one payload ends that one with a clear word, and the next one has room', async () => {
    disk = new SmallDisk(40);
    const hog = suite.server.submit({
      ...shell('head -c 60000000 /dev/zero > hog; sleep 600'),
      output_sandbox: ['hog'],
    });
    const next = suite.server.submit(writes);
    pilot = new PilotProcess(suite.bundle, suite.server, {}, { place: disk.folder });
    expect(await pilot.exited).toBe(0);
    expect(hog.end).toMatchObject({ outcome: 'failed', failure_class: 'limit' });
    expect(hog.end?.minor_status).toMatch(/disk/i);
    expect(next.end).toMatchObject({ outcome: 'done' });
    expect(sha256(next.output ?? '')).toBe(next.announced);
    expect(suite.server.log).toContain('pilot ends');
  }, 120_000);

  it('where its own output goes goes on, and its log arrives whole at the server', async () => {
    disk = new SmallDisk(1);
    const file = openSync(join(disk.folder, 'pilot.out'), 'a');
    disk.fill();
    const jobs = [suite.server.submit(writes), suite.server.submit(writes)];
    pilot = new PilotProcess(suite.bundle, suite.server, {}, { stdout: file });
    expect(await pilot.exited).toBe(0);
    closeSync(file);
    expect(jobs.map(({ end }) => end?.outcome)).toEqual(['done', 'done']);
    for (const { claimed } of jobs) expect(suite.server.log).toContain(`job ${claimed.job_id} attempt 1: done`);
    expect(suite.server.log).toContain('pilot ends');
  }, 120_000);
});
