import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { packSandbox, unpackSandbox } from '../../src/client/index.js';
import type { FakeJob } from './support/fake-server.js';
import { until } from './support/pilot-process.js';
import { pilotSuite, shell } from './support/pilot-suite.js';

const suite = pilotSuite();

/** What the job uploaded, by name. */
async function outputsOf(job: FakeJob): Promise<Record<string, string>> {
  const place = mkdtempSync(join(suite.folder, 'outputs-'));
  writeFileSync(join(place, 'sandbox'), job.output ?? Buffer.alloc(0));
  const names = await unpackSandbox(join(place, 'sandbox'), place);
  return Object.fromEntries(
    names.filter((name) => !name.endsWith('/')).map((name) => [name, readFileSync(join(place, name), 'latin1')]),
  );
}

describe('a pilot', () => {
  it('runs a job and brings its outputs back byte for byte', async () => {
    const job = suite.server.submit({
      ...shell('echo hello; echo trouble >&2; printf "\\0\\377" > data.bin; mkdir d; echo x > d/x'),
      output_sandbox: ['std.out', 'std.err', '*.bin', 'd', 'nothing*', 'absent.txt'],
    });
    const pilot = suite.start();
    expect(await pilot.exited).toBe(0);
    expect(job.end).toMatchObject({ outcome: 'done', exit_code: 0, minor_status: 'Execution Complete' });
    expect(await outputsOf(job)).toEqual({
      'std.out': 'hello\n',
      'std.err': 'trouble\n',
      'data.bin': '\0\xff',
      'd/x': 'x\n',
    });
    expect(job.end?.parameters['OutputSandboxMissingFiles']).toBe('absent.txt');
    expect(job.statuses.map(({ sequence, status, minor_status }) => [sequence, status, minor_status])).toEqual([
      [1, 'Running', 'Job Initialization'],
      [2, undefined, 'Application'],
      [3, 'Completing', 'Application Finished Successfully'],
      [4, undefined, 'Uploading Outputs'],
    ]);
    expect(suite.server.farewell).toEqual({ status: 'Done', reason: 'no job for 1 s' });
    expect(suite.server.report).toMatchObject({ processors: 1, memory: 2000, cpu_power: 10 });
    expect(readdirSync(pilot.directory).sort()).toEqual(['ca.pem', 'jobs']);
    expect(readdirSync(join(pilot.directory, 'jobs'))).toEqual([]);
  });

  it('ships its whole log, in order, before it says good-bye', async () => {
    const pilot = suite.start();
    await pilot.exited;
    expect(suite.server.log).toBe(
      pilot.output
        .split('\n')
        .filter((line) => /^\d{4}-/.test(line))
        .map((line) => `${line}\n`)
        .join(''),
    );
    expect(suite.server.log).toContain('pilot ends: no job for 1 s');
    expect(suite.server.log).not.toContain(suite.server.secret);
  });

  it('reports a failing job with its exit code, and uploads its outputs all the same', async () => {
    const job = suite.server.submit({ ...shell('echo partial; exit 111'), output_sandbox: ['std.out'] });
    await suite.start().exited;
    expect(job.end).toMatchObject({
      outcome: 'failed',
      failure_class: 'payload',
      exit_code: 111,
      minor_status: 'Application Finished With Errors',
    });
    expect(await outputsOf(job)).toEqual({ 'std.out': 'partial\n' });
  });

  it('tells apart a signal, a request to run again and a missing executable', async () => {
    const [crashed, again, absent] = [
      suite.server.submit(shell('kill -SEGV $$')),
      suite.server.submit(shell('exit 222')),
      suite.server.submit({ executable: 'pippo' }),
    ];
    await suite.start().exited;
    expect(crashed.end).toMatchObject({ outcome: 'failed', failure_class: 'payload', exit_code: 139 });
    expect(again.end).toMatchObject({ outcome: 'reschedule', failure_class: 'reschedule', exit_code: 222 });
    expect(absent.end).toMatchObject({
      outcome: 'failed',
      failure_class: 'payload',
      minor_status: 'Application not found',
    });
  });

  it('kills a running job within 5 seconds and acknowledges the command', async () => {
    const job = suite.server.submit(shell('trap "" TERM; while :; do sleep 1; done'));
    const pilot = suite.start({ PILOTAGE_PILOT_HEARTBEAT_SECONDS: '60' });
    await until('the payload runs', () => job.statuses.some(({ minor_status }) => minor_status === 'Application'));
    const asked = Date.now();
    const command = suite.server.kill(job);
    await until('the kill is reported', () => job.end !== undefined);
    expect(Date.now() - asked).toBeLessThan(5000);
    expect(job.end).toMatchObject({ outcome: 'killed', failure_class: 'killed', minor_status: 'Received Kill signal' });
    await until('the command is acknowledged', () => suite.server.acknowledged.has(command));
    expect(await pilot.exited).toBe(0);
  });

  it('brings the input sandboxes before the payload starts', async () => {
    writeFileSync(join(suite.folder, 'run.sh'), '#!/bin/sh\necho "got $1 and ${PWD##*/}"\n');
    await packSandbox([{ name: 'run.sh', path: join(suite.folder, 'run.sh') }], join(suite.folder, 'input.tar.gz'));
    const inputs = [readFileSync(join(suite.folder, 'input.tar.gz'))];
    const job = suite.server.submit(
      { executable: 'run.sh', arguments: '"a b"', input_sandbox: ['SB:x'], output_sandbox: ['std.out'] },
      { inputs },
    );
    await suite.start().exited;
    expect(job.end).toMatchObject({ outcome: 'done' });
    expect(await outputsOf(job)).toEqual({ 'std.out': 'got a b and job\n' });
  });
});
