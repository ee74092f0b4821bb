import { expect } from '@jest/globals';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { CeErrorKind, Credentials } from '../../src/ce/index.js';
import type { Trouble } from './conformance-peer.js';
import { aProgram, isEnded, type Stand } from './conformance-stand.js';
import { expectEveryCallToFail, troubled } from './conformance-trouble.js';

const refusals: [
  name: keyof Trouble & ('expiredToken' | 'wrongAudience' | 'unknownIssuer' | 'revokedMapping' | 'untrustedServer'),
  of: string,
  kinds: CeErrorKind[],
][] = [
  ['expiredToken', 'a token that has expired', ['authentication']],
  ['wrongAudience', 'a token for another resource', ['authentication']],
  ['unknownIssuer', 'a token of an issuer that it does not know', ['authentication']],
  // A resource that maps identities may not be able to say which of the two it is.
  ['revokedMapping', 'somebody whom the site has taken off its list', ['authentication', 'authorisation']],
  ['untrustedServer', 'a certificate of the resource that nobody trusts', ['authentication']],
];

/** Who calls, and who may. */
export function credentials(stand: Stand): void {
  const { case: test } = stand;
  const other = (): Promise<Credentials> => stand.peer.otherCredentials?.() ?? stand.peer.credentials();

  for (const [name, of, kinds] of refusals) {
    troubled(
      stand,
      name,
      `refuses ${of} in every call, instead of looking idle, and serves the next caller`,
      async (strike) => {
        const asked = (call: string): boolean =>
          ['submit', 'find', 'states', 'stop', 'capacity', 'check'].includes(call);
        await expectEveryCallToFail(stand, await strike(), kinds, asked);
        expect(await stand.until(await stand.begin([aProgram('true')]), isEnded)).toHaveLength(1);
      },
    );
  }

  troubled(stand, 'onlyCreate', 'refuses a token that allows too little', async (strike) => {
    await expectEveryCallToFail(stand, await strike(), ['authorisation'], (call) => ['states', 'check'].includes(call));
  });

  test('serves two VOs side by side, each with its own credentials in every call', async () => {
    const own = await stand.peer.credentials();
    const others = await other();
    const rounds = [own, others, own, others];
    const references = await Promise.all(rounds.map((who) => stand.begin([aProgram('exit 2')], undefined, who)));
    const asked = await Promise.all(
      rounds.map(async (who, index) =>
        stand.ce.states(references[index] ?? [], await stand.call({ credentials: who })),
      ),
    );
    expect(asked.flatMap((states) => [...states.values()]).filter(({ status }) => status === 'unknown')).toEqual([]);
    const { ownerOf } = stand.peer;
    if (ownerOf === undefined || stand.peer.otherCredentials === undefined) return;
    const owners = await Promise.all(references.flat().map((reference) => ownerOf(reference)));
    expect(new Set([owners[0], owners[2]]).size).toBe(1);
    expect(new Set([owners[1], owners[3]]).size).toBe(1);
    expect(owners[0]).not.toBe(owners[1]);
  });

  test('keeps no credentials after a call, and shows none to anybody', async () => {
    const call = await stand.call();
    const { kind, ...secrets } = call.credentials;
    const texts = Object.values(secrets as Record<string, string>);
    const [reference = ''] = await stand.begin([aProgram('env; ls -la; true')]);
    await stand.until([reference], isEnded);
    const output = await stand.ce.output(reference, call);
    await stand.ce.capacity(stand.peer.queue, call);
    const kept = [output?.stdout ?? '', JSON.stringify(process.env), ...(await filesBelow(stand.dataDir))];
    expect([kind, kept.filter((text) => texts.some((secret) => text.includes(secret)))]).toEqual([kind, []]);
  });
}

async function filesBelow(folder: string): Promise<string[]> {
  const texts: string[] = [];
  for (const name of await readdir(folder, { recursive: true })) {
    const path = join(folder, name);
    if ((await stat(path).catch(() => null))?.isFile()) texts.push(await readFile(path, 'utf8').catch(() => ''));
  }
  return texts;
}
