import { expect } from '@jest/globals';
import { aProgram, aStamp, isEnded, isRunning, type Stand } from './conformance-stand.js';
import { during, failureOf, troubled } from './conformance-trouble.js';

/** A resource that answers, and whose answer is not the one that was hoped for. */
export function oddAnswers(stand: Stand): void {
  troubled(
    stand,
    'lostReply',
    'finds the runs of a submission whose reply was lost; none runs twice',
    async (strike) => {
      const mark = stand.mark();
      const stamps = [aStamp(), aStamp(), aStamp()];
      const programs = stamps.map((_, index) => aProgram(`echo ${index} >> ${mark.there}`));
      const batch = stand.submission(programs, stamps);
      await during(stand, await strike(), async (ce) => {
        const call = await stand.call();
        const [kind, ...others] = new Set(await failureOf(() => ce.submit(batch, call)));
        expect(['unreachable', 'protocol']).toContain(kind);
        expect(others).toEqual([]);
      });
      const found = await stand.ce.find(stamps, await stand.call());
      expect([...found.keys()].sort()).toEqual(stamps.toSorted());
      if (stand.can.duplicates === 'submit')
        expect(await stand.begin(programs, stamps)).toEqual(stamps.map((stamp) => found.get(stamp)));
      const states = await stand.until([...found.values()], isEnded);
      expect(states.map(({ status }) => status)).toEqual(['done', 'done', 'done']);
      expect((await mark.lines()).sort()).toEqual(['0', '1', '2']);
    },
  );

  troubled(
    stand,
    'full',
    'refuses every run of a full queue for want of capacity, and answers for the others',
    async (strike) => {
      const [reference = ''] = await stand.begin([aProgram('sleep 300')]);
      await stand.until([reference], isRunning);
      await during(stand, await strike(), async (ce) => {
        const batch = stand.submission([aProgram('true'), aProgram('true')]);
        const call = await stand.call();
        const kinds = await failureOf(() => ce.submit(batch, call));
        expect(new Set(kinds)).toEqual(new Set(['capacity']));
        expect(
          await ce.find(
            batch.runs.map(({ stamp }) => stamp),
            call,
          ),
        ).toEqual(new Map());
        expect((await ce.states([reference], call)).get(reference)?.status).toBe('running');
      });
      expect(await stand.until(await stand.begin([aProgram('true')]), isEnded)).toHaveLength(1);
    },
  );

  troubled(stand, 'takesTwo', 'tells which runs of a submission were accepted when only some were', async (strike) => {
    const batch = stand.submission(Array.from({ length: 5 }, () => aProgram('true')));
    const stamps = batch.runs.map(({ stamp }) => stamp);
    await during(stand, await strike(), async () => {
      const outcomes = await stand.submit(batch, await stand.call());
      expect([...outcomes.keys()].sort()).toEqual(stamps.toSorted());
      const accepted = [...outcomes].flatMap(([stamp, end]) => ('reference' in end ? [[stamp, end.reference]] : []));
      const refused = [...outcomes.values()].flatMap((end) => ('error' in end ? [end.error.kind] : []));
      expect(accepted).toHaveLength(2);
      expect(refused.filter((kind) => kind !== 'capacity' && kind !== 'bad-description')).toEqual([]);
      expect([...(await stand.ce.find(stamps, await stand.call()))].sort()).toEqual(accepted.sort());
    });
  });

  troubled(
    stand,
    'oddState',
    'calls a run unknown whose state nobody knows, keeps that word, and reads the others',
    async (strike) => {
      const [odd = '', other = ''] = await stand.begin([aProgram('sleep 300'), aProgram('exit 6')]);
      await stand.until([other], isEnded);
      await stand.until([odd], isRunning);
      await during(stand, await strike(odd), async (ce) => {
        const states = await ce.states([odd, other], await stand.call());
        expect(states.get(odd)).toMatchObject({ status: 'unknown', native: expect.stringMatching(/./) });
        expect(states.get(other)).toMatchObject({ status: 'failed', exitCode: 6 });
      });
      expect(await stand.until([odd], isRunning)).toHaveLength(1);
    },
  );

  troubled(
    stand,
    'oddHold',
    'tells of a run that is held for a reason that nobody knows, in the words of the resource',
    async (strike) => {
      const [held = '', other = ''] = await stand.begin([aProgram('sleep 300'), aProgram('exit 6')]);
      await stand.until([other], isEnded);
      await stand.until([held], isRunning);
      await during(stand, await strike(held), async (ce) => {
        const states = await ce.states([held, other], await stand.call());
        expect(states.get(held)).toMatchObject({
          native: expect.stringMatching(/held/i),
          reason: expect.stringMatching(/^.+$/),
        });
        expect(['waiting', 'running', 'failed', 'stopped']).toContain(states.get(held)?.status);
        expect(states.get(other)?.status).toBe('failed');
      });
    },
  );
}
