import { expect } from '@jest/globals';
import { type CeErrorKind, type ComputingElement, ComputingElementError, withDeadline } from '../../src/ce/index.js';
import type { Struck, Trouble } from './conformance-peer.js';
import { everyCall } from './conformance-questions.js';
import { type Stand } from './conformance-stand.js';
import { leftBehind } from './left-behind.js';

/** Declares a case in which the resource or the caller is in trouble; it is skipped by name where that cannot be brought about. */
export function troubled<Name extends keyof Trouble>(
  stand: Stand,
  name: Name,
  title: string,
  body: (strike: Trouble[Name]) => Promise<void>,
): void {
  const strike = stand.kind.trouble[name];
  const able = strike === undefined ? `${stand.kind.name} cannot be brought into the trouble ${name}` : true;
  stand.case(
    title,
    async () => {
      if (strike !== undefined) await body(strike);
    },
    able,
  );
}

/** Runs `body` with a CE that is in trouble, and makes it well again. */
export async function during(
  stand: Stand,
  struck: Struck,
  body: (ce: ComputingElement, how: { credentials: Struck['credentials'] }) => Promise<void>,
): Promise<void> {
  const ce = struck.settings === undefined ? stand.ce : await stand.open(struck.settings);
  try {
    await body(ce, { credentials: struck.credentials });
  } finally {
    await struck.undo?.();
    if (ce !== stand.ce) await ce.close();
  }
}

/** How a call failed: its kind, the kinds of its parts, or what it was instead. */
export async function failureOf(run: () => Promise<unknown>): Promise<string[]> {
  try {
    const result = await run();
    if (!(result instanceof Map)) return [`answered ${JSON.stringify(result)}`];
    const outcomes = [...(result as Map<string, unknown>).values()];
    return outcomes.map((outcome) => {
      const error = (outcome as { error?: unknown } | null)?.error;
      return error instanceof ComputingElementError ? error.kind : `answered ${JSON.stringify(outcome)}`;
    });
  } catch (error) {
    if (!(error instanceof ComputingElementError)) throw error;
    expect(error.message).not.toMatch(/^\s*$|\n/);
    return [error.kind];
  }
}

/**
 * Expects every call to fail as one of `kinds`: no answer that looks like an idle resource or a lost run. The verdict on
 * itself may also be an answer in which something is not well.
 */
export async function expectEveryCallToFail(
  stand: Stand,
  struck: Struck,
  kinds: readonly CeErrorKind[],
  only: (name: string) => boolean = () => true,
): Promise<void> {
  await during(stand, struck, async (ce, how) => {
    const call = await stand.call(how.credentials === undefined ? {} : { credentials: how.credentials });
    for (const [name, run] of everyCall(stand, ce, call)) {
      if (!only(name)) continue;
      if (name === 'check') await expectNotWell(ce, stand, call);
      else
        for (const kind of await failureOf(run)) expect([name, kinds]).toEqual([name, expect.arrayContaining([kind])]);
    }
  });
}

async function expectNotWell(ce: ComputingElement, stand: Stand, call: Parameters<ComputingElement['check']>[1]) {
  const findings = await ce.check(stand.peer.queue, call).catch((error: unknown) => error);
  if (findings instanceof ComputingElementError) return;
  expect(findings).toContainEqual(expect.objectContaining({ verdict: expect.not.stringMatching('^ok$') }));
}

/** A resource that is not there, does not answer, or answers rubbish. */
export function connections(stand: Stand): void {
  const well = async (): Promise<void> => {
    expect((await stand.ce.states([stand.peer.absent(3)], await stand.call())).size).toBe(1);
  };

  troubled(stand, 'closedPort', 'is unreachable where nobody listens, whatever it is asked', async (strike) => {
    await expectEveryCallToFail(stand, await strike(), ['unreachable']);
    await well();
  });

  troubled(
    stand,
    'hangs',
    'ends calls to a resource that never answers when it is told to, and leaves nothing',
    async (strike) => {
      const before = await leftBehind(stand.dataDir);
      await during(stand, await strike(), async (ce) => {
        const reason = new Error('the agent stops');
        const calls = everyCall(stand, ce, await stand.call());
        for (const [index, [name]] of calls.entries()) {
          const controller = new AbortController();
          const run = everyCall(stand, ce, await stand.call({ signal: controller.signal }))[index]?.[1];
          setTimeout(() => controller.abort(reason), 200);
          expect([name, await run?.().catch((error: unknown) => error)]).toEqual([name, reason]);
        }
        const impatient = withDeadline(ce, 0.3);
        expect(await failureOf(async () => impatient.states([stand.peer.absent(4)], await stand.call()))).toEqual([
          'unreachable',
        ]);
      });
      expect(await leftBehind(stand.dataDir, before)).toEqual([]);
      await well();
    },
  );

  troubled(stand, 'halfReply', 'says that a reply was cut off, instead of reading half of it', async (strike) => {
    await expectEveryCallToFail(stand, await strike(), ['protocol', 'unreachable'], (name) =>
      ['find', 'states', 'capacity'].includes(name),
    );
    await well();
  });

  troubled(stand, 'hugeReply', 'gives up a reply of 100 MB, and works on', async (strike) => {
    await expectEveryCallToFail(stand, await strike(), ['protocol'], (name) =>
      ['find', 'states', 'capacity'].includes(name),
    );
    await well();
  });
}
