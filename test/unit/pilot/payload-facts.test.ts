import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { JobDescription } from '../../../src/contract/index.js';
import { hostScore, measure } from '../../../src/pilot/benchmark.js';
import { endingOfExit } from '../../../src/pilot/ending.js';
import { childSeconds } from '../../../src/pilot/payload.js';
import { payloadEnvironment } from '../../../src/pilot/payload-environment.js';
import { familyOf, parseStat } from '../../../src/pilot/process-tree.js';

describe('processes', () => {
  it('are read from /proc, whatever their names hold', () => {
    const line = `42 (a) b (c) S 7 40 39 0 -1 4194560 100 0 0 0 150 50 20 10 20 0 1 0 100 409600 25 18446744073709551615`;
    expect(parseStat(line)).toEqual({
      pid: 42,
      parent: 7,
      group: 40,
      session: 39,
      ticks: 230,
      resident: 102400,
      virtual: 409600,
      zombie: false,
    });
    expect(parseStat('')).toBeUndefined();
  });

  it('belong together by descent, group or session', () => {
    const row = (pid: number, parent: number, session = pid) => ({
      pid,
      parent,
      session,
      group: session,
      ticks: 0,
      resident: 0,
      virtual: 0,
      zombie: false,
    });
    const table = [row(1, 0), row(10, 1), row(11, 10, 11), row(12, 11, 12), row(13, 1, 10), row(20, 1)];
    expect(
      familyOf(10, table)
        .map(({ pid }) => pid)
        .toSorted((a, b) => a - b),
    ).toEqual([10, 11, 12, 13]);
  });

  it('report the CPU time of their children', () => {
    expect(childSeconds('0m0.01s 0m0.02s\n1m2.50s 0m0.25s\n')).toBe(62.75);
    expect(childSeconds('')).toBe(0);
  });
});

describe('the ending of a payload', () => {
  it.each([
    [0, 'done', undefined],
    [1, 'failed', 'payload'],
    [137, 'failed', 'payload'],
    [222, 'reschedule', 'reschedule'],
  ])('with exit code %i is %s', (code, outcome, failure) => {
    expect(endingOfExit(code)).toMatchObject({ outcome, exit_code: code });
    expect(endingOfExit(code).failure_class).toBe(failure);
  });
});

describe('the environment of a payload', () => {
  const claimed = {
    job_id: 7,
    attempt: 2,
    token: 'secret-token',
    lease_seconds: 600,
    owner: 'o',
    owner_group: 'g',
    vo: 'v',
    site: 'LCG.X.y',
    processors: 2,
    memory: 100,
    gpus: 1,
    description: JobDescription.parse({
      executable: 'x',
      environment: { OMP_NUM_THREADS: '1', HOME: '/elsewhere', OWN: 'a=b=c' },
    }),
  };
  const pilot = {
    PATH: '/site/bin',
    LANG: 'de',
    PILOTAGE_SECRET: 's',
    AWS_SECRET_ACCESS_KEY: 's',
    CUDA_VISIBLE_DEVICES: '3,5',
    HTTPS_PROXY: 'http://u:p@h',
  };
  const environment = payloadEnvironment(claimed, {
    inherited: pilot,
    job: '/job',
    temporary: '/tmp/x',
    gpus: [1],
    marks: { MARK: 'm' },
  });

  it('holds what jobs expect, what the job asks for, and nothing secret', () => {
    expect(environment).toMatchObject({
      DIRACJOBID: '7',
      JOBID: '7',
      PILOTAGE_ATTEMPT: '2',
      DIRACSITE: 'LCG.X.y',
      DIRAC_PROCESSORS: '2',
      DIRAC_JOB_PROCESSORS: '2',
      OMP_NUM_THREADS: '1',
      OWN: 'a=b=c',
      HOME: '/job',
      TMPDIR: '/tmp/x',
      LANG: 'de',
      MARK: 'm',
      CUDA_VISIBLE_DEVICES: '5',
    });
    expect(Object.keys(environment)).not.toEqual(expect.arrayContaining(['PILOTAGE_SECRET']));
    expect(Object.values(environment).filter((value) => /^s$|secret|u:p/.test(value))).toEqual([]);
  });

  it('finds the programs of the system after those of the site', () => {
    expect(environment['PATH']?.split(':')).toEqual(expect.arrayContaining(['/site/bin', '/usr/bin', '/bin']));
  });
});

describe('the benchmark', () => {
  it('takes less than two seconds, gives a plausible score, and is measured once per host', () => {
    const started = performance.now();
    const score = measure();
    expect(performance.now() - started).toBeLessThan(2500);
    expect(score).toBeGreaterThan(1);
    expect(score).toBeLessThan(100);
    const folder = mkdtempSync(join(tmpdir(), 'pilotage-score-'));
    const host = { hostname: 'h', cpuModel: 'm' };
    const first = hostScore(host, folder);
    expect(hostScore(host, folder)).toBe(first);
    rmSync(folder, { recursive: true });
  });
});
