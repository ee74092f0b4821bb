import { expect } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import { aProgram, aStamp, isEnded, isRunning, type Stand } from './conformance-stand.js';

/** What is accepted, once; what is refused; what an interruption leaves. */
export function submission(stand: Stand): void {
  const { case: test, can } = stand;

  test(
    'runs a stamp once, however often it is submitted, also twice at one time',
    async () => {
      const stamp = aStamp();
      const mark = stand.mark();
      const gate = stand.gate();
      const program = aProgram(`echo once >> ${mark.there}; ${gate.wait}`);
      const [first, second] = await Promise.all([stand.begin([program], [stamp]), stand.begin([program], [stamp])]);
      expect(second).toEqual(first);
      await gate.open();
      await stand.until(first, isEnded);
      expect(await stand.begin([program], [stamp])).toEqual(first);
      await stand.until(first, isEnded);
      expect(await mark.lines()).toEqual(['once']);
    },
    can.duplicates === 'submit' || 'the caller asks for the stamp before it submits it again',
  );

  test('finds runs by their stamps, waiting, running or ended, and only those that exist', async () => {
    const stamps = [aStamp(), aStamp()];
    const references = await stand.begin([aProgram('true'), aProgram('sleep 300')], stamps);
    const wanted = stamps.map((stamp, index) => [stamp, references[index]]);
    const found = async (): Promise<[string, string][]> =>
      [...(await stand.ce.find([aStamp(), ...stamps], await stand.call()))].sort();
    expect(await found()).toEqual(wanted.toSorted());
    await stand.until(references.slice(0, 1), isEnded);
    await stand.until(references.slice(1), isRunning);
    expect(await found()).toEqual(wanted.toSorted());
  });

  test(
    'accepts a part of a batch that is too large and refuses the rest for want of capacity',
    async () => {
      const [slots, waiting] = [can.slots ?? 0, can.waiting ?? 0];
      const programs = Array.from({ length: slots + waiting + 2 }, () => aProgram('sleep 300'));
      const outcomes = [...(await stand.submit(stand.submission(programs), await stand.call())).values()];
      const accepted = outcomes.flatMap((outcome) => ('reference' in outcome ? [outcome.reference] : []));
      const refused = outcomes.flatMap((outcome) => ('error' in outcome ? [outcome.error.kind] : []));
      expect(accepted).toHaveLength(slots + waiting);
      expect(refused).toEqual(['capacity', 'capacity']);
      // Which of them start first is the resource's affair.
      const giveUp = Date.now() + can.within;
      let capacity = await stand.ce.capacity(stand.peer.queue, await stand.call());
      while (capacity.running < slots && Date.now() < giveUp) {
        await delay(100);
        capacity = await stand.ce.capacity(stand.peer.queue, await stand.call());
      }
      expect(capacity).toEqual({ waiting, running: slots, freeSlots: 0 });
      await stand.ce.stop(accepted, await stand.call());
      await stand.until(accepted, isEnded);
      const after = await stand.ce.capacity(stand.peer.queue, await stand.call());
      expect(after).toMatchObject({ waiting: 0, running: 0 });
    },
    (can.slots !== null && can.waiting !== null) || 'it sets no limit that the suite can rely on',
  );

  test(
    'refuses a run that needs more than there is, without harm to its neighbours',
    async () => {
      const wide = stand.submission([aProgram('true')]);
      wide.resources.processors = 4_096;
      const [outcome] = (await stand.submit(wide, await stand.call())).values();
      expect(outcome).toMatchObject({ error: { kind: 'bad-description' } });
      expect(await stand.until(await stand.begin([aProgram('true')]), isEnded)).toHaveLength(1);
    },
    can.refusesTooMuch || 'it lets such a run wait',
  );

  test('takes fifty runs at once and starts them in two openings at a time without losing or doubling one', async () => {
    const mark = stand.mark();
    const other = await stand.open(stand.peer.roomy);
    const batch = stand.submission(
      Array.from({ length: 50 }, (_, index) => aProgram(`echo ${index} >> ${mark.there}`)),
    );
    const outcomes = await other.submit(batch, await stand.call());
    const references = [...outcomes.values()].flatMap((outcome) => ('reference' in outcome ? [outcome.reference] : []));
    expect(references).toHaveLength(50);
    const both = Promise.all([stand.until(references, isEnded), other.states(references, await stand.call())]);
    expect((await both)[0].every(({ status }) => status === 'done')).toBe(true);
    await other.close();
    const numbers = (await mark.lines()).map(Number).sort((a, b) => a - b);
    expect(numbers).toEqual(Array.from({ length: 50 }, (_, index) => index));
  });

  test('leaves nothing half done when a submission is interrupted: repeating what is not found completes it, once', async () => {
    for (const milliseconds of [0, 3, 40]) {
      const mark = stand.mark();
      const batch = stand.submission([0, 1, 2].map((index) => aProgram(`echo ${index} >> ${mark.there}`)));
      const controller = new AbortController();
      const reason = new Error('enough');
      const interrupted = stand.submit(batch, await stand.call({ signal: controller.signal })).catch((error) => error);
      setTimeout(() => controller.abort(reason), milliseconds);
      const end: unknown = await interrupted;
      if (!(end instanceof Map)) expect(end).toBe(reason);
      await delay(can.settles);
      const stamps = batch.runs.map(({ stamp }) => stamp);
      const found = await stand.ce.find(stamps, await stand.call());
      const missing = { ...batch, runs: batch.runs.filter(({ stamp }) => !found.has(stamp)) };
      const outcomes = missing.runs.length === 0 ? [] : await stand.submit(missing, await stand.call());
      const repeated = [...outcomes].flatMap(([, outcome]) => ('reference' in outcome ? [outcome.reference] : []));
      const references = [...found.values(), ...repeated];
      expect(references).toHaveLength(3);
      expect((await stand.until(references, isEnded)).map(({ status }) => status)).toEqual(['done', 'done', 'done']);
      expect((await mark.lines()).sort()).toEqual(['0', '1', '2']);
    }
  });
}
