import { expect } from '@jest/globals';
import { outputLimit } from '../../src/ce/index.js';
import { aProgram, isEnded, isRunning, type Stand } from './conformance-stand.js';

/** What becomes of a run, and what it leaves. */
export function runs(stand: Stand): void {
  const { case: test, can } = stand;

  test('runs a program with its arguments, environment and files, and keeps what it wrote', async () => {
    const script = 'echo "$1|$2|$GREETING|$(cat note.txt)"; echo trouble >&2';
    const more = {
      arguments: ['a b', "it's"],
      environment: { GREETING: 'hello $HOME' },
      files: [{ name: 'note.txt', content: 'x' }],
    };
    const references = await stand.begin([aProgram(script, more)]);
    expect(await stand.until(references, isEnded)).toEqual([expect.objectContaining({ status: 'done', exitCode: 0 })]);
    const output = await stand.ce.output(references[0] ?? '', await stand.call());
    expect(output).toEqual({ stdout: "a b|it's|hello $HOME|x\n", stderr: 'trouble\n' });
  });

  test('says that a run failed, and with which exit code, and keeps what it wrote', async () => {
    const references = await stand.begin([aProgram('echo before; echo why >&2; exit 7')]);
    expect(await stand.until(references, isEnded)).toEqual([
      expect.objectContaining({ status: 'failed', exitCode: 7 }),
    ]);
    expect(await stand.ce.output(references[0] ?? '', await stand.call())).toEqual({
      stdout: 'before\n',
      stderr: 'why\n',
    });
  });

  test('gives every run its own reference and its own end', async () => {
    const references = await stand.begin([aProgram('exit 0'), aProgram('exit 1')]);
    expect(new Set(references).size).toBe(2);
    const states = await stand.until(references, isEnded);
    expect(states.map(({ status }) => status)).toEqual(['done', 'failed']);
  });

  test(
    'starts a waiting run when a slot is free again',
    async () => {
      const slots = can.slots ?? 0;
      const gate = stand.gate();
      const busy = await stand.begin(Array.from({ length: slots }, () => aProgram(gate.wait)));
      await stand.until(busy, isRunning);
      const late = await stand.begin([aProgram('true'), aProgram('true')]);
      const first = await stand.ce.states(late, await stand.call());
      expect(late.map((reference) => first.get(reference)?.status)).toEqual(['waiting', 'waiting']);
      await gate.open();
      const references = [...busy, ...late];
      const states = await stand.until(references, isEnded);
      expect(states.map(({ status }) => status)).toEqual(references.map(() => 'done'));
    },
    can.slots !== null || 'others use it as well',
  );

  test('keeps the end of an output that is larger than its limit', async () => {
    const [reference = ''] = await stand.begin([aProgram('head -c 3000000 /dev/zero | tr "\\0" a; echo end')]);
    await stand.until([reference], isEnded);
    const output = await stand.ce.output(reference, await stand.call());
    expect(output?.stdout.length).toBe(outputLimit);
    expect(output?.stdout.endsWith('aend\n')).toBe(true);
  });

  test(
    'gives its own account of a run, within the limit',
    async () => {
      const [reference = ''] = await stand.begin([aProgram('exit 3')]);
      await stand.until([reference], isEnded);
      const log = (await stand.ce.log(reference, await stand.call())) ?? '';
      expect(log.trim()).not.toBe('');
      expect(Buffer.byteLength(log)).toBeLessThanOrEqual(outputLimit);
    },
    can.logs || 'all that it knows of a run stands in the state',
  );

  test('cleans what has ended and leaves what runs', async () => {
    const [short = '', long = ''] = await stand.begin([aProgram('true'), aProgram('sleep 300')]);
    await stand.until([short], isEnded);
    await stand.until([long], isRunning);
    await stand.ce.clean([short, long], await stand.call());
    await stand.until([short], (status) => status === 'unknown');
    expect((await stand.ce.states([long], await stand.call())).get(long)?.status).toBe('running');
    expect(await stand.ce.output(short, await stand.call())).toBeNull();
    await stand.ce.clean([short], await stand.call());
  });

  test('sees its runs again after it was closed and opened', async () => {
    const gate = stand.gate();
    const references = await stand.begin([aProgram(`${gate.wait}; exit 3`), aProgram('true')]);
    await stand.reopen();
    await gate.open();
    expect(await stand.until(references, isEnded)).toEqual([
      expect.objectContaining({ status: 'failed', exitCode: 3 }),
      expect.objectContaining({ status: 'done' }),
    ]);
  });
}
