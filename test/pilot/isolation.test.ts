import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mayEnter } from '../../src/pilot/isolation/choose.js';
import type { FakeJob } from './support/fake-server.js';
import { pilotSuite, shell } from './support/pilot-suite.js';

const suite = pilotSuite();
const asRoot = process.getuid?.() === 0 ? describe : describe.skip;
const uid = 64_210;

/** A text file out of the output sandbox of a job. */
function outputOf(job: FakeJob, name: string): string {
  const archive = join(suite.folder, 'seen.tar.gz');
  writeFileSync(archive, job.output ?? '');
  return execFileSync('tar', ['xzOf', archive, name], { encoding: 'utf8' });
}

describe('with bubblewrap', () => {
  let site: string;
  beforeEach(() => {
    mkdirSync('var', { recursive: true });
    site = mkdtempSync(resolve('var', 'isolation-'));
  });
  afterEach(() => rmSync(site, { recursive: true, force: true }));

  it('a payload does not see what its account keeps private around the pilot, as programs of other pilots', async () => {
    const other = join(site, 'runs', 'other', 'program');
    const directory = join(site, 'runs', 'own', 'work');
    mkdirSync(directory, { recursive: true });
    mkdirSync(join(other, '..'));
    writeFileSync(other, 'secret of another pilot');
    chmodSync(site, 0o700);
    const script = `cat ${other}; ls ${site}/runs/other; echo over`;
    const job = suite.server.submit({ ...shell(script), output_sandbox: ['std.out'] });
    await suite.start({ PILOTAGE_PILOT_ISOLATION: 'bubblewrap', PILOTAGE_DIRECTORY: directory }).exited;
    expect(job.end).toMatchObject({ outcome: 'done' });
    expect(outputOf(job, 'std.out')).toBe('over\n');
  });
});

describe('the environment that a job asks for', () => {
  it('reaches the payload, and never the program that makes the namespaces', async () => {
    const folder = join(suite.folder, 'environment');
    mkdirSync(folder);
    const escaped = join(suite.folder, 'escaped');
    writeFileSync(join(folder, 'bwrap'), `#!/bin/sh\ntouch ${escaped}\nexec /usr/bin/bwrap "$@"\n`);
    chmodSync(join(folder, 'bwrap'), 0o755);
    const input = execFileSync('tar', ['czf', '-', '-C', folder, 'bwrap']);
    const environment = { PATH: '.:/usr/bin:/bin', LD_PRELOAD: './none.so', LINES: 'a\nb  "c"', EMPTY: '' };
    const job = suite.server.submit(
      { ...shell('env'), environment, input_sandbox: ['SB:input'], output_sandbox: ['std.out'] },
      { inputs: [input] },
    );
    await suite.start({ PILOTAGE_PILOT_ISOLATION: 'bubblewrap', SOME_SETTING: 'of the site' }).exited;
    expect(existsSync(escaped)).toBe(false);
    const seen = outputOf(job, 'std.out');
    for (const line of ['PATH=.:/usr/bin:/bin', 'LD_PRELOAD=./none.so', 'LINES=a\nb  "c"', 'EMPTY=', 'DIRACJOBID=100'])
      expect(`\n${seen}`).toContain(`\n${line}\n`);
    expect(seen).not.toContain('SOME_SETTING');
  });

  it('cannot smuggle options to that program', async () => {
    const environment = { X: 'x\0--bind\0/\0/' };
    const job = suite.server.submit({ ...shell('true'), environment });
    await suite.start({ PILOTAGE_PILOT_ISOLATION: 'bubblewrap' }).exited;
    expect(job.end).toMatchObject({ outcome: 'failed', failure_class: 'payload' });
  });
});

asRoot('with user ids of their own', () => {
  const settings = { PILOTAGE_PILOT_ISOLATION: 'uid', PILOTAGE_PILOT_PAYLOAD_UID: String(uid) };
  let before: number;
  beforeEach(() => {
    // The wrapper script lets nobody else read what it and the pilot make.
    before = process.umask(0o077);
  });
  afterEach(() => {
    process.umask(before);
    spawnSync('/bin/sh', ['-c', 'kill -KILL -1'], { uid, gid: uid });
  });

  it('is what a pilot of root chooses that may: in namespaces alone, payloads would be root and own its files', async () => {
    const script = 'cat /etc/shadow >/dev/null 2>&1 && echo read it; id -u';
    const job = suite.server.submit({ ...shell(script), output_sandbox: ['std.out'] });
    await suite.start({ PILOTAGE_PILOT_PAYLOAD_UID: String(uid) }).exited;
    expect(suite.server.report?.isolation).toBe('uid');
    expect(outputOf(job, 'std.out')).toBe(`${uid}\n`);
  });

  it('is not used where those users cannot get through to the folder of the pilot', async () => {
    const open = mkdtempSync(join(tmpdir(), 'pilotage-enter-'));
    const closed = join(open, 'closed', 'folder');
    mkdirSync(closed, { recursive: true });
    chmodSync(open, 0o711);
    expect(mayEnter(uid, open)).toBe(true);
    expect(mayEnter(uid, closed)).toBe(false);
    rmSync(open, { recursive: true });
  });

  it('payloads can use their inputs and nothing else of the pilot', async () => {
    const folder = join(suite.folder, 'input');
    mkdirSync(join(folder, 'sub'), { recursive: true });
    writeFileSync(
      join(folder, 'run.sh'),
      '#!/bin/sh\ncat sub/data; echo more >>sub/data; id -u; ls ../.. ../../..; cat ../../../ca.pem\n',
    );
    writeFileSync(join(folder, 'sub', 'data'), 'data\n');
    const input = execFileSync('tar', ['czf', '-', '-C', folder, 'run.sh', 'sub']);
    const job = suite.server.submit(
      { executable: 'run.sh', input_sandbox: ['SB:input'], output_sandbox: ['std.out', 'sub'] },
      { inputs: [input] },
    );
    await suite.start(settings).exited;
    expect(job.end).toMatchObject({ outcome: 'failed', exit_code: 1 });
    expect(outputOf(job, 'std.out')).toBe(`data\n${uid}\n`);
    expect(outputOf(job, 'sub/data')).toBe('data\nmore\n');
  });

  it('a payload that hides by forking all the time is gone before its outputs are read', async () => {
    const hop = '#!/bin/sh\n[ "$1" -gt 0 ] || exit 0\n/bin/sh "$0" $(($1 - 1)) &\n';
    const folder = join(suite.folder, 'hopping');
    mkdirSync(folder);
    writeFileSync(join(folder, 'hop.sh'), hop);
    const input = execFileSync('tar', ['czf', '-', '-C', folder, 'hop.sh']);
    const script = 'for i in 1 2; do setsid env -i /bin/sh hop.sh 5000 >/dev/null 2>&1 & done; sleep 0.2';
    const job = suite.server.submit({ ...shell(script), input_sandbox: ['SB:input'] }, { inputs: [input] });
    await suite.start(settings).exited;
    expect(job.end).toMatchObject({ outcome: 'done' });
    expect(processesOf(uid)).toEqual([]);
  });
});

function isZombie(pid: string): boolean {
  try {
    return /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return true;
  }
}

function processesOf(owner: number): string[] {
  return readdirSync('/proc').filter((name) => {
    const found = /^\d+$/.test(name) ? statSync(`/proc/${name}`, { throwIfNoEntry: false }) : undefined;
    return found?.uid === owner && !isZombie(name);
  });
}
