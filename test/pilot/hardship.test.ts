import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import type { FakeJob } from './support/fake-server.js';
import { processesWith, until } from './support/pilot-process.js';
import { pilotSuite, shell } from './support/pilot-suite.js';

const suite = pilotSuite();

const runs = (job: FakeJob): boolean => job.statuses.some(({ minor_status }) => minor_status === 'Application');
/** A payload that also leaves a child in a session of its own, both found by their marks. */
const stubborn = (mark: string) => ({
  ...shell(`setsid sleep 600 & exec sleep 601`),
  environment: { TEST_MARK: mark },
});

/** Other user ids can only be tried by root. */
const isolations = process.getuid?.() === 0 ? ['bubblewrap', 'uid', 'none'] : ['bubblewrap', 'none'];

describe.each(isolations)('with isolation %s', (isolation) => {
  const settings = { PILOTAGE_PILOT_ISOLATION: isolation, PILOTAGE_PILOT_PAYLOAD_UID: '64200-64209' };

  it('no payload process outlives a pilot that is killed with -9', async () => {
    const mark = `mark-${suite.server.stamp}`;
    const job = suite.server.submit(stubborn(mark));
    const pilot = suite.start(settings);
    await until('both processes run', () => runs(job) && processesWith(mark).length >= 2);
    pilot.signal('SIGKILL');
    await until('all processes are gone', () => processesWith(mark).length === 0, 10);
    expect(suite.server.report?.isolation).toBe(isolation);
    expect(job.end).toBeUndefined();
  });

  it('what a payload leaves running is ended with it', async () => {
    const mark = `mark-${suite.server.stamp}`;
    const job = suite.server.submit({ ...shell('setsid sleep 600 & sleep 0.1'), environment: { TEST_MARK: mark } });
    await suite.start(settings).exited;
    expect(job.end).toMatchObject({ outcome: 'done' });
    expect(processesWith(mark)).toEqual([]);
  });

  it('stops a payload whose attempt is gone, and reports nothing', async () => {
    const mark = `mark-${suite.server.stamp}`;
    const job = suite.server.submit(stubborn(mark));
    const pilot = suite.start(settings);
    await until('it runs', () => runs(job));
    job.gone = true;
    expect(await pilot.exited).toBe(0);
    expect(processesWith(mark)).toEqual([]);
    expect(job.end).toBeUndefined();
  });

  it('hands no secret to the payload', async () => {
    const job = suite.server.submit({
      ...shell('env > env.txt; cat /proc/$PPID/environ /proc/[0-9]*/cmdline >> env.txt 2>/dev/null; ls ..'),
      output_sandbox: ['env.txt'],
    });
    const pilot = suite.start({
      ...settings,
      PILOTAGE_MASTER_PASSWORD: 'top-secret',
      HTTPS_PROXY: '',
      SOME_PASSWORD: 'hidden',
    });
    await pilot.exited;
    writeFileSync(join(suite.folder, 'env.tar.gz'), job.output ?? '');
    const text = execFileSync('tar', ['xzOf', join(suite.folder, 'env.tar.gz')], { encoding: 'latin1' });
    expect(text).toContain(`DIRACJOBID=${job.claimed.job_id}`);
    expect(text).toContain('DIRACSITE=LCG.Test.local');
    expect(text).not.toContain(suite.server.secret);
    expect(text).not.toContain(job.claimed.token);
    expect(
      text
        .split('\n')
        .filter((line) =>
          /^(PILOTAGE_(SERVER|STAMP|SECRET|CA|PILOT_(PROC|HEART))|SOME_PASS|PILOTAGE_MASTER)/.test(line),
        ),
    ).toEqual([]);
    expect(pilot.secretIsThere).toBe(false);
  });
});

describe('with bubblewrap', () => {
  it('a payload sees neither the pilot nor other people, and can write to its own places only', async () => {
    const script = [
      'ls ..; ls ../..; cat ../../../ca.pem; ls /home /root /var/tmp',
      'echo x > /etc/pilotage-was-here; echo x > ../written; echo x > /tmp/fine && echo x > fine && echo own places',
      'ls -d /proc/[0-9]* | wc -l',
    ].join('; ');
    const job = suite.server.submit({ ...shell(script), output_sandbox: ['std.out'] });
    await suite.start({ PILOTAGE_PILOT_ISOLATION: 'bubblewrap' }).exited;
    writeFileSync(join(suite.folder, 'seen.tar.gz'), job.output ?? '');
    const seen = execFileSync('tar', ['xzOf', join(suite.folder, 'seen.tar.gz')], { encoding: 'utf8' })
      .trim()
      .split('\n');
    const processes = Number(seen.pop());
    expect(seen).toEqual(['job', '100-1', '/home:', '', '/root:', '', '/var/tmp:', 'own places']);
    expect(processes).toBeLessThan(8);
  });
});

describe('limits', () => {
  it('ends a payload that runs longer than its wall time', async () => {
    const job = suite.server.submit({ ...shell('echo begun; sleep 60'), wall_time: 2, output_sandbox: ['std.out'] });
    await suite.start().exited;
    expect(job.end).toMatchObject({
      outcome: 'failed',
      failure_class: 'limit',
      minor_status: 'Job has exceeded maximum wall clock time',
    });
    expect(job.output?.length).toBeGreaterThan(0);
  });

  it('ends a payload that takes more memory than its limit', async () => {
    const eater = `-e "globalThis.kept = Array.from({ length: 30 }, () => Buffer.alloc(10e6, 1)); setTimeout(() => {}, 60000)"`;
    const job = suite.server.submit({ executable: process.execPath, arguments: eater, max_ram: 150 });
    await suite.start().exited;
    expect(job.end).toMatchObject({
      outcome: 'failed',
      failure_class: 'limit',
      minor_status: 'Job has exceeded its memory limit',
    });
    expect(Number(job.end?.parameters['MemoryUsed(MB)'])).toBeGreaterThan(150);
  });

  it('ends a payload that uses no CPU for too long', async () => {
    const job = suite.server.submit(shell('sleep 60'));
    const excused = suite.server.submit({
      ...shell('sleep 5'),
      environment: { DISABLE_WATCHDOG_CPU_WALLCLOCK_CHECK: '1' },
    });
    await suite.start({ PILOTAGE_PILOT_STALLED_SECONDS: '2', PILOTAGE_PILOT_PROCESSORS: '2' }).exited;
    expect(job.end).toMatchObject({ failure_class: 'limit', minor_status: 'Watchdog identified this job as stalled' });
    expect(excused.end).toMatchObject({ outcome: 'done' });
  });

  it('counts the CPU time of short payloads', async () => {
    const job = suite.server.submit(shell('i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done'));
    await suite.start().exited;
    expect(Number(job.end?.parameters['TotalCPUTime(s)'])).toBeGreaterThan(0.05);
  });
});

describe('bad luck', () => {
  it('goes on with its job while the server is away, and reports its end afterwards', async () => {
    const job = suite.server.submit({ ...shell('sleep 3; echo done'), output_sandbox: ['std.out'] });
    const pilot = suite.start();
    await until('it runs', () => runs(job));
    await suite.server.down();
    await delay(5000);
    await suite.server.up();
    expect(await pilot.exited).toBe(0);
    expect(job.end).toMatchObject({ outcome: 'done' });
    expect(job.output?.length).toBeGreaterThan(0);
    expect(suite.server.farewell?.status).toBe('Done');
  });

  it('stops its payload before a lease ends that it cannot renew', async () => {
    const mark = `mark-${suite.server.stamp}`;
    suite.server.leaseSeconds = 9;
    const job = suite.server.submit(stubborn(mark));
    suite.start();
    await until('it runs', () => runs(job));
    await until('a lease is renewed', () => suite.server.heartbeats.length > 0);
    await suite.server.down();
    const away = Date.now();
    await until('the payload is gone', () => processesWith(mark).length === 0, 15);
    expect((Date.now() - away) / 1000).toBeLessThan(9);
  });

  it('repeats a claim whose reply was lost under the same id, and runs the job once', async () => {
    suite.server.loseClaimReply = true;
    const job = suite.server.submit(shell('true'));
    await suite.start().exited;
    expect(job.end).toMatchObject({ outcome: 'done' });
    const [first, second] = suite.server.claims;
    expect(second).toEqual(first);
    expect(suite.server.claims[2]?.claim_id).not.toBe(first?.claim_id);
    expect(job.statuses.filter(({ minor_status }) => minor_status === 'Application')).toHaveLength(1);
  });

  it('stops its payloads when it is told to stop, and says that it was not their fault', async () => {
    const job = suite.server.submit(shell('sleep 60'));
    const pilot = suite.start();
    await until('it runs', () => runs(job));
    pilot.signal('SIGTERM');
    expect(await pilot.exited).toBe(143);
    expect(job.end).toMatchObject({
      outcome: 'failed',
      failure_class: 'infrastructure',
      application_status: 'stopped by SIGTERM',
    });
    expect(suite.server.farewell).toEqual({ status: 'Failed', reason: 'stopped by SIGTERM' });
  });

  it('refuses an input sandbox that would write outside its folder', async () => {
    const place = join(suite.folder, 'evil');
    writeFileSync(place, 'x');
    execFileSync('tar', ['czPf', `${place}.tar.gz`, '--transform', 's,.*evil,../../evil,', place]);
    const job = suite.server.submit(
      { ...shell('true'), input_sandbox: ['SB:x'] },
      { inputs: [readFileSync(`${place}.tar.gz`)] },
    );
    rmSync(place);
    await suite.start().exited;
    expect(job.end).toMatchObject({ outcome: 'failed', failure_class: 'input' });
    expect(job.end?.application_status).toContain('../../evil');
  });

  it('ends with a clear word when the server does not accept its secret', async () => {
    Object.assign(suite.server, { secret: 'another secret than the server knows' });
    const pilot = suite.start();
    Object.assign(suite.server, { secret: 'a secret that nobody has told it' });
    expect(await pilot.exited).toBe(3);
    expect(pilot.output).toContain('invalid-secret');
  });
});

describe('a payload', () => {
  it('that removes its own directory and its rights harms nobody else', async () => {
    const vandal = suite.server.submit({
      ...shell('mkdir d; touch d/f; chmod 0 d; rm -rf "$PWD"; sleep 2'),
      output_sandbox: ['std.out'],
    });
    const other = suite.server.submit(shell('sleep 3'));
    const pilot = suite.start({ PILOTAGE_PILOT_PROCESSORS: '2', PILOTAGE_PILOT_ISOLATION: 'none' });
    expect(await pilot.exited).toBe(0);
    expect(vandal.end).toMatchObject({ outcome: 'failed', failure_class: 'output' });
    expect(other.end).toMatchObject({ outcome: 'done' });
  });

  it('shows its last lines and what it uses in the heartbeats of its pilot', async () => {
    suite.server.submit(shell('i=0; while [ $i -lt 30 ]; do echo line $i; i=$((i+1)); done; sleep 4'));
    await suite.start().exited;
    const metrics = suite.server.heartbeats.flatMap(({ attempts }) => attempts.map((attempt) => attempt.metrics));
    const lines = Array.from({ length: 20 }, (_, index) => `line ${index + 10}\n`).join('');
    expect(metrics.map(({ StandardOutput }) => StandardOutput)).toContain(lines);
    expect(Math.max(...metrics.map(({ MemoryUsed }) => MemoryUsed ?? 0))).toBeGreaterThan(0);
    expect(Math.max(...metrics.map(({ WallClockTime }) => WallClockTime ?? 0))).toBeGreaterThan(1);
  });
});

describe('a pilot with several cores', () => {
  it('runs a 2-core job and a 1-core job at once on 3 cores, and a third only afterwards', async () => {
    const [two, one, later] = [2, 1, 2].map((processors) =>
      suite.server.submit(
        { ...shell('date +%s%N > begin; sleep 1; date +%s%N > end; cat begin end'), output_sandbox: ['std.out'] },
        { processors },
      ),
    ) as [FakeJob, FakeJob, FakeJob];
    await suite.start({ PILOTAGE_PILOT_PROCESSORS: '3' }).exited;
    const times = (job: FakeJob): [number, number] => {
      writeFileSync(join(suite.folder, 'times.tar.gz'), job.output ?? '');
      const text = execFileSync('tar', ['xzOf', join(suite.folder, 'times.tar.gz')], { encoding: 'utf8' });
      const [begin = 0, end = 0] = text.trim().split('\n').map(Number);
      return [begin, end];
    };
    const [[twoBegin, twoEnd], [oneBegin, oneEnd], [laterBegin]] = [times(two), times(one), times(later)];
    expect(Math.max(twoBegin, oneBegin)).toBeLessThan(Math.min(twoEnd, oneEnd));
    expect(laterBegin).toBeGreaterThan(twoEnd);
    expect(suite.server.claims[0]?.offer).toMatchObject({ processors: 3, idle: true });
  });

  it('ends when the server wants it to, after its jobs', async () => {
    const job = suite.server.submit(shell('sleep 2'));
    const pilot = suite.start({ PILOTAGE_PILOT_IDLE_SECONDS: '100' });
    await until('it runs', () => runs(job));
    suite.server.drain = true;
    expect(await pilot.exited).toBe(0);
    expect(job.end).toMatchObject({ outcome: 'done' });
    expect(suite.server.farewell?.reason).toBe('the server asked this pilot to end');
  });
});
