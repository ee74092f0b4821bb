import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type CeCall,
  type ComputingElement,
  type OpenableDriver,
  outputLimit,
  type Program,
  type RunState,
  type RunStatus,
  type Submission,
} from '../../src/ce/index.js';

/** What a driver under test is opened with, and its real weaknesses. */
export interface Knobs {
  /** Settings under which the resource runs two one-processor runs at a time and refuses runs beyond two waiting ones. */
  settings: Record<string, unknown>;
  /** Settings that must be refused, with the path of the problem. */
  wrongSettings: { settings: unknown; path: string }[];
  /** Milliseconds within which the resource is expected to show a change. */
  within?: number;
}

/** A fresh stamp. */
export function aStamp(): string {
  return randomBytes(16).toString('hex');
}

/** A shell program. */
export function aProgram(script: string, more: Partial<Program> = {}): Program {
  return { script: `#!/bin/sh\n${script}\n`, arguments: [], environment: {}, files: [], ...more };
}

/** A submission of programs under fresh stamps (or the given ones). */
export function aSubmission(programs: Program[], stamps = programs.map(aStamp)): Submission {
  return {
    runs: programs.map((program, index) => ({ stamp: stamps[index] ?? aStamp(), program })),
    resources: { processors: 1, memory: 100, gpus: 0, wallSeconds: 600, wholeNode: false },
    queue: 'short',
    settings: {},
  };
}

/** A call without credentials that gives up after 20 s. */
export function aCall(signal = AbortSignal.timeout(20_000)): CeCall {
  return { signal, credentials: { kind: 'none' } };
}

/** The promises of `ComputingElement`, as tests for one driver. */
export function conforms(driver: OpenableDriver, knobs: Knobs): void {
  const within = knobs.within ?? 50_000;
  const ended: RunStatus[] = ['done', 'failed', 'stopped', 'unknown'];

  describe(`The computing element driver ${driver.name}`, () => {
    let dataDir: string;
    let ce: ComputingElement;
    const seen: string[] = [];
    const reopen = (): Promise<ComputingElement> => driver.open(knobs.settings, { name: 'tested', dataDir });

    beforeAll(async () => {
      dataDir = await mkdtemp(join(tmpdir(), 'pilotage-ce-'));
      ce = await reopen();
    });
    afterEach(async () => {
      await ce.stop(seen, aCall());
    });
    afterAll(async () => {
      await ce.close();
      await rm(dataDir, { recursive: true, force: true });
    });

    const start = async (programs: Program[], stamps?: string[]): Promise<string[]> => {
      const submission = aSubmission(programs, stamps);
      const outcomes = await ce.submit(submission, aCall());
      const references = submission.runs.map(({ stamp }) => {
        const outcome = outcomes.get(stamp);
        if (outcome === undefined || !('reference' in outcome)) throw new Error(JSON.stringify(outcome));
        return outcome.reference;
      });
      seen.push(...references);
      return references;
    };
    const until = async (references: string[], wanted: (status: RunStatus) => boolean): Promise<RunState[]> => {
      const giveUp = Date.now() + within;
      for (;;) {
        const states = await ce.states(references, aCall());
        const found = references.map((reference) => states.get(reference) ?? { status: 'unknown' as const });
        if (found.every(({ status }) => wanted(status))) return found;
        if (Date.now() > giveUp) throw new Error(`still ${JSON.stringify(found)}`);
        await delay(50);
      }
    };
    const isEnded = (status: RunStatus): boolean => ended.includes(status);

    it('runs a program with its arguments, environment and files, and keeps what it wrote', async () => {
      const script = 'echo "$1|$2|$GREETING|$(cat note.txt)"; echo trouble >&2';
      const more = {
        arguments: ['a b', "it's"],
        environment: { GREETING: 'hello $HOME' },
        files: [{ name: 'note.txt', content: 'x' }],
      };
      const references = await start([aProgram(script, more)]);
      expect(await until(references, isEnded)).toEqual([expect.objectContaining({ status: 'done', exitCode: 0 })]);
      const output = await ce.output(references[0] ?? '', aCall());
      expect(output).toEqual({ stdout: "a b|it's|hello $HOME|x\n", stderr: 'trouble\n' });
    });

    it('says that a run failed, and with which exit code', async () => {
      const references = await start([aProgram('exit 7')]);
      expect(await until(references, isEnded)).toEqual([expect.objectContaining({ status: 'failed', exitCode: 7 })]);
    });

    it('gives every run its own reference and its own end', async () => {
      const references = await start([aProgram('exit 0'), aProgram('exit 1')]);
      expect(new Set(references).size).toBe(2);
      const states = await until(references, isEnded);
      expect(states.map(({ status }) => status)).toEqual(['done', 'failed']);
    });

    it('runs a stamp once, however often it is submitted', async () => {
      const stamp = aStamp();
      const marks = join(dataDir, `marks-${stamp}`);
      const program = aProgram(`echo once >> ${marks}; sleep 0.3; cat ${marks}`);
      const [first, second] = await Promise.all([start([program], [stamp]), start([program], [stamp])]);
      expect(second).toEqual(first);
      await until(first, isEnded);
      expect(await start([program], [stamp])).toEqual(first);
      await until(first, isEnded);
      expect((await ce.output(first[0] ?? '', aCall()))?.stdout).toBe('once\n');
    });

    it('finds runs by their stamps, and only those that exist', async () => {
      const stamp = aStamp();
      const [reference] = await start([aProgram('true')], [stamp]);
      expect([...(await ce.find([stamp, aStamp()], aCall()))]).toEqual([[stamp, reference]]);
    });

    it('accepts a part of a batch that is too large and refuses the rest for want of capacity', async () => {
      const submission = aSubmission(Array.from({ length: 6 }, () => aProgram('sleep 30')));
      const outcomes = [...(await ce.submit(submission, aCall())).values()];
      const accepted = outcomes.flatMap((outcome) => ('reference' in outcome ? [outcome.reference] : []));
      const refused = outcomes.flatMap((outcome) => ('error' in outcome ? [outcome.error.kind] : []));
      seen.push(...accepted);
      expect(accepted).toHaveLength(4);
      expect(refused).toEqual(['capacity', 'capacity']);
      expect(await ce.capacity('short', aCall())).toEqual({ waiting: 2, running: 2, freeSlots: 0 });
      await ce.stop(accepted, aCall());
      expect(await ce.capacity('short', aCall())).toMatchObject({ waiting: 0, running: 0 });
    });

    it('starts a waiting run when a slot is free again', async () => {
      const references = await start(['sleep 0.4', 'sleep 0.4', 'true', 'true'].map((script) => aProgram(script)));
      const first = await ce.states(references, aCall());
      expect(first.get(references[3] ?? '')?.status).toBe('waiting');
      expect((await until(references, isEnded)).map(({ status }) => status)).toEqual(['done', 'done', 'done', 'done']);
    });

    it('refuses a run that needs more than there is, without harm to its neighbours', async () => {
      const wide = aSubmission([aProgram('true')]);
      wide.resources.processors = 4_096;
      const [outcome] = (await ce.submit(wide, aCall())).values();
      expect(outcome).toMatchObject({ error: { kind: 'bad-description' } });
      expect(await until(await start([aProgram('true')]), isEnded)).toHaveLength(1);
    });

    it('stops a run with all its processes, and stopping again is no error', async () => {
      const beat = join(dataDir, `beat-${aStamp()}`);
      const [reference = ''] = await start([
        aProgram(`(trap '' TERM; while :; do echo x >> ${beat}; sleep 0.05; done) & sleep 60`),
      ]);
      while ((await sizeOf(beat)) === 0) await delay(20);
      expect((await ce.stop([reference], aCall())).get(reference)).toBe('stopped');
      expect((await ce.states([reference], aCall())).get(reference)?.status).toBe('stopped');
      const length = await sizeOf(beat);
      await delay(200);
      expect(await sizeOf(beat)).toBe(length);
      expect((await ce.stop([reference], aCall())).get(reference)).toBe('gone');
    });

    it('says that a run has ended only when nothing of it runs any more, even in a session of its own', async () => {
      const beat = join(dataDir, `stray-${aStamp()}`);
      const stray = `setsid sh -c 'while :; do echo x >> ${beat}; sleep 0.02; done' & sleep 0.2`;
      await until(await start([aProgram(stray)]), isEnded);
      const length = await sizeOf(beat);
      await delay(100);
      expect(await sizeOf(beat)).toBe(length);
    });

    it('stops a run that has not started', async () => {
      const references = await start(Array.from({ length: 3 }, () => aProgram('sleep 30')));
      const last = references[2] ?? '';
      expect((await ce.stop([last], aCall())).get(last)).toBe('stopped');
      expect((await ce.states([last], aCall())).get(last)?.status).toBe('stopped');
      await ce.stop(references, aCall());
    });

    it('answers unknown for a reference that it does not know, and has nothing to stop or to show there', async () => {
      for (const reference of [aStamp(), 'never-was', '../../etc']) {
        expect((await ce.states([reference], aCall())).get(reference)).toEqual({ status: 'unknown' });
        expect((await ce.stop([reference], aCall())).get(reference)).toBe('gone');
        expect(await ce.output(reference, aCall())).toBeNull();
        await ce.clean([reference], aCall());
      }
    });

    it('keeps the end of an output that is larger than its limit', async () => {
      const [reference = ''] = await start([aProgram('head -c 3000000 /dev/zero | tr "\\0" a; echo end')]);
      await until([reference], isEnded);
      const output = await ce.output(reference, aCall());
      expect(output?.stdout.length).toBe(outputLimit);
      expect(output?.stdout.endsWith('aend\n')).toBe(true);
    });

    it('cleans what has ended and leaves what runs', async () => {
      const [short = '', long = ''] = await start([aProgram('true'), aProgram('sleep 30')]);
      await until([short], isEnded);
      await ce.clean([short, long], aCall());
      const states = await ce.states([short, long], aCall());
      expect([states.get(short)?.status, states.get(long)?.status]).toEqual(['unknown', 'running']);
      await ce.stop([long], aCall());
    });

    it('sees its runs again after it was closed and opened', async () => {
      const references = await start([aProgram('sleep 0.5; exit 3'), aProgram('true')]);
      await ce.close();
      ce = await reopen();
      const states = await until(references, isEnded);
      expect(states).toEqual([
        expect.objectContaining({ status: 'failed', exitCode: 3 }),
        expect.objectContaining({ status: 'done' }),
      ]);
    });

    it('takes fifty runs at once and starts them in two openings at a time without losing or doubling one', async () => {
      const marks = join(dataDir, `fifty-${aStamp()}`);
      const other = await driver.open({ ...knobs.settings, max_waiting: 100 }, { name: 'tested', dataDir });
      const submission = aSubmission(Array.from({ length: 50 }, (_, index) => aProgram(`echo ${index} >> ${marks}`)));
      const outcomes = await other.submit(submission, aCall());
      const references = [...outcomes.values()].flatMap((outcome) =>
        'reference' in outcome ? [outcome.reference] : [],
      );
      expect(references).toHaveLength(50);
      const both = Promise.all([until(references, isEnded), other.states(references, aCall())]);
      expect((await both)[0].every(({ status }) => status === 'done')).toBe(true);
      await other.close();
      const lines = (await readText(marks)).trim().split('\n');
      expect(lines.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, index) => index));
    });

    it('ends a call whose signal is aborted, with the reason of the signal', async () => {
      const reason = new Error('the agent stops');
      const call = aCall(AbortSignal.abort(reason));
      await expect(ce.submit(aSubmission([aProgram('true')]), call)).rejects.toBe(reason);
      await expect(ce.states(['x'], call)).rejects.toBe(reason);
      await expect(ce.stop(['x'], call)).rejects.toBe(reason);
      await expect(ce.find(['x'], call)).rejects.toBe(reason);
      await expect(ce.capacity('short', call)).rejects.toBe(reason);
    });

    it('leaves nothing half done when a submission is interrupted: repeating it completes it', async () => {
      const stamps = [aStamp(), aStamp(), aStamp()];
      const submission = aSubmission(
        stamps.map(() => aProgram('true')),
        stamps,
      );
      const controller = new AbortController();
      const interrupted = ce.submit(submission, aCall(controller.signal)).catch((error: unknown) => error);
      setTimeout(() => controller.abort(new Error('enough')), 3);
      await interrupted;
      const references = await start(
        submission.runs.map(({ program }) => program),
        stamps,
      );
      expect((await until(references, isEnded)).map(({ status }) => status)).toEqual(['done', 'done', 'done']);
    });

    it.each(knobs.wrongSettings)('refuses the settings $settings and names $path', ({ settings, path }) => {
      const problems = driver.check(settings, 'sites.A.ces.b.settings');
      expect(problems.map((problem) => problem.path)).toContain(path);
      expect(problems.every(({ message }) => message.length > 0)).toBe(true);
    });

    it('finds nothing wrong with the settings of this suite', () => {
      expect(driver.check(knobs.settings, 'x')).toEqual([]);
    });
  });
}

async function readText(path: string): Promise<string> {
  return readFile(path, 'utf8');
}

async function sizeOf(path: string): Promise<number> {
  return (await readText(path).catch(() => '')).length;
}
