import { expect } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import { aProgram, isEnded, isRunning, type Mark, type Stand } from './conformance-stand.js';

/** A run that is stopped, or that ends, and what of it goes on. */
export function stopping(stand: Stand): void {
  const { case: test, can } = stand;

  /** Expects the state after a stop: at once where the resource can do that. */
  const expectStopped = async (references: string[]): Promise<void> => {
    if (!can.stopsAtOnce) await stand.until(references, isEnded);
    const states = await stand.ce.states(references, await stand.call());
    expect(references.map((reference) => states.get(reference)?.status)).toEqual(references.map(() => 'stopped'));
  };
  const expectSilence = async (mark: Mark): Promise<void> => {
    const { length } = await mark.lines();
    await delay(200);
    expect(await mark.lines()).toHaveLength(length);
  };

  test('stops a run with all its processes, and stopping again is no error', async () => {
    const beat = stand.mark();
    const [reference = ''] = await stand.begin([
      aProgram(`(trap '' TERM; while :; do echo x >> ${beat.there}; sleep 0.05; done) & sleep 600`),
    ]);
    await stand.until([reference], isRunning);
    while ((await beat.lines()).length === 0) await delay(20);
    expect((await stand.ce.stop([reference], await stand.call())).get(reference)).toBe('stopped');
    await expectStopped([reference]);
    await expectSilence(beat);
    expect((await stand.ce.stop([reference], await stand.call())).get(reference)).toBe('gone');
  });

  test(
    'says that a run has ended only when nothing of it runs any more, even in a session of its own',
    async () => {
      const beat = stand.mark();
      const stray = `setsid sh -c 'while :; do echo x >> ${beat.there}; sleep 0.02; done' & sleep 0.2`;
      await stand.until(await stand.begin([aProgram(stray)]), isEnded);
      await expectSilence(beat);
    },
    can.endsStrays || 'its batch system lets strays live',
  );

  test(
    'stops a run that waits, and never starts it',
    async () => {
      const slots = can.slots ?? 0;
      const mark = stand.mark();
      const gate = stand.gate();
      const busy = await stand.begin(Array.from({ length: slots }, () => aProgram(gate.wait)));
      await stand.until(busy, isRunning);
      const [last = ''] = await stand.begin([aProgram(`echo started >> ${mark.there}`)]);
      expect((await stand.ce.states([last], await stand.call())).get(last)?.status).toBe('waiting');
      expect((await stand.ce.stop([last], await stand.call())).get(last)).toBe('stopped');
      await expectStopped([last]);
      await gate.open();
      await stand.until(busy, isEnded);
      expect(await mark.lines()).toEqual([]);
    },
    can.slots !== null || 'others use it as well',
  );

  test('calls a run gone that ended by itself before it was stopped, and its end stays as it was', async () => {
    const [reference = ''] = await stand.begin([aProgram('exit 4')]);
    await stand.until([reference], isEnded);
    expect((await stand.ce.stop([reference], await stand.call())).get(reference)).toBe('gone');
    const state = (await stand.ce.states([reference], await stand.call())).get(reference);
    expect(state).toMatchObject({ status: 'failed', exitCode: 4 });
  });

  test(
    'keeps what a stopped run wrote',
    async () => {
      const beat = stand.mark();
      const script = `echo before; echo x >> ${beat.there}; sleep 600`;
      const [reference = ''] = await stand.begin([aProgram(script)]);
      while ((await beat.lines()).length === 0) await delay(20);
      await stand.ce.stop([reference], await stand.call());
      await stand.until([reference], isEnded);
      expect((await stand.ce.output(reference, await stand.call()))?.stdout).toBe('before\n');
    },
    can.keepsOutputOfStopped || 'it throws away what a stopped run wrote',
  );
}
