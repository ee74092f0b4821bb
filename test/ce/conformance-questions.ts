import { expect } from '@jest/globals';
import type { CeCall, ComputingElement } from '../../src/ce/index.js';
import { aProgram, aStamp, isEnded, type Stand } from './conformance-stand.js';

/** Every call that a driver has, harmless where it succeeds. */
export function everyCall(stand: Stand, ce: ComputingElement, call: CeCall): [string, () => Promise<unknown>][] {
  const reference = stand.peer.absent(7);
  return [
    ['submit', () => ce.submit(stand.submission([aProgram('true')]), call)],
    ['find', () => ce.find([aStamp()], call)],
    ['states', () => ce.states([reference], call)],
    ['stop', () => ce.stop([reference], call)],
    ['capacity', () => ce.capacity(stand.peer.queue, call)],
    ['output', () => ce.output(reference, call)],
    ['log', () => ce.log(reference, call)],
    ['clean', () => ce.clean([reference], call)],
    ['check', () => ce.check(stand.peer.queue, call)],
  ];
}

/** What is asked: many at once, what is not there, what is wrong, and when nobody waits for the answer any more. */
export function questions(stand: Stand): void {
  const { case: test, driver, kind } = stand;

  test('answers unknown for a reference that it does not know, and has nothing to stop or to show there', async () => {
    for (const reference of [stand.peer.absent(1), 'never-was', '../../etc', '', `${stand.peer.absent(2)}\n`]) {
      const { ce } = stand;
      const call = await stand.call();
      expect((await ce.states([reference], call)).get(reference)).toEqual({ status: 'unknown' });
      expect((await ce.stop([reference], call)).get(reference)).toBe('gone');
      expect(await ce.output(reference, call)).toBeNull();
      expect(await ce.log(reference, call)).toBeNull();
      await ce.clean([reference], call);
    }
  });

  test('answers for ten thousand references at once, each with its own state', async () => {
    const [done = '', failed = ''] = await stand.begin([aProgram('true'), aProgram('exit 5')]);
    await stand.until([done, failed], isEnded);
    const absent = Array.from({ length: 9_998 }, (_, index) => stand.peer.absent(1_000 + index));
    const states = await stand.ce.states([done, ...absent, failed], await stand.call());
    expect(states.size).toBe(10_000);
    expect([states.get(done)?.status, states.get(failed)?.status]).toEqual(['done', 'failed']);
    expect(absent.filter((reference) => states.get(reference)?.status !== 'unknown')).toEqual([]);
  });

  test('answers questions about nothing', async () => {
    const call = await stand.call();
    expect((await stand.ce.states([], call)).size).toBe(0);
    expect((await stand.ce.stop([], call)).size).toBe(0);
    expect((await stand.ce.find([], call)).size).toBe(0);
    expect((await stand.ce.submit(stand.submission([]), call)).size).toBe(0);
    await stand.ce.clean([], call);
  });

  test('finds nothing wrong with itself, in one line a subject, and starts nothing for that', async () => {
    const before = await stand.ce.capacity(stand.peer.queue, await stand.call());
    const findings = await stand.ce.check(stand.peer.queue, await stand.call());
    expect(findings.filter(({ verdict }) => verdict === 'wrong')).toEqual([]);
    expect(findings.filter(({ verdict }) => verdict === 'ok')).not.toEqual([]);
    const texts = findings.flatMap(({ subject, message }) => [subject, message]);
    expect(texts.filter((text) => text.trim() === '' || text.includes('\n'))).toEqual([]);
    expect(await stand.ce.capacity(stand.peer.queue, await stand.call())).toEqual(before);
  });

  test('ends every call whose signal is aborted, with the reason of the signal', async () => {
    const reason = new Error('the agent stops');
    const call = await stand.call({ signal: AbortSignal.abort(reason) });
    for (const [name, run] of everyCall(stand, stand.ce, call)) {
      const end = await run().catch((error: unknown) => error);
      expect([name, end]).toEqual([name, reason]);
    }
  });

  for (const { settings, path } of kind.wrongSettings) {
    test(`refuses the settings ${JSON.stringify(settings)} and names ${path}`, async () => {
      const problems = driver.check(settings, 'sites.A.ces.b.settings');
      expect(problems.map((problem) => problem.path)).toContain(path);
      expect(problems.every(({ message }) => message.length > 0)).toBe(true);
    });
  }

  test('finds nothing wrong with the settings of this suite', async () => {
    expect(driver.check(stand.peer.settings, 'x')).toEqual([]);
    expect(driver.check(stand.peer.roomy, 'x')).toEqual([]);
  });
}
