import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { randomBytes } from 'node:crypto';
import { conforms, type Peer, type Struck } from './conformance.js';
import { PlainResource, type Mood } from './fakes/plain/plain-resource.js';
import { aToken } from './fakes/plain/plain-tokens.js';
import { plain } from './fakes/plain/plain.driver.js';

let resource: PlainResource;
let revoked: [string, string][] = [];

const mood = (bad: Mood) => async (): Promise<Struck> => {
  resource.mood = bad;
  return {
    undo: async () => {
      resource.mood = 'well';
    },
  };
};

/** A port of this machine where nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The suite itself on trial: a resource that can be brought into every trouble. */
const troublesome: Peer = {
  name: 'a resource that can be brought into trouble',
  abilities: {
    slots: 2,
    waiting: 2,
    endsStrays: true,
    stopsAtOnce: true,
    duplicates: 'submit',
    keepsOutputOfStopped: true,
    refusesTooMuch: true,
    logs: true,
    within: 50_000,
    settles: 300,
  },
  wrongSettings: [{ settings: { port: 'x' }, path: 'sites.A.ces.b.settings.port' }],
  async start(folder) {
    resource = new PlainResource(folder);
    const port = await resource.start();
    return {
      settings: { port },
      roomy: { port, max_waiting: 100 },
      queue: 'short',
      credentials: async () => aToken(),
      otherCredentials: async () => aToken({ vo: 'biomed' }),
      ownerOf: async (reference) => resource.ownerOf(reference),
      absent: (index) => index.toString(16).padStart(32, randomBytes(12).toString('hex')),
      scratch: { here: folder, there: folder },
      stop: () => resource.stop(),
    };
  },
  trouble: {
    expiredToken: async () => ({ credentials: aToken({ expires: Date.now() - 1 }) }),
    wrongAudience: async () => ({ credentials: aToken({ audience: 'other.example.org' }) }),
    unknownIssuer: async () => ({ credentials: aToken({ issuer: 'nobody' }) }),
    onlyCreate: async () => ({ credentials: aToken({ scopes: ['create'] }) }),
    async revokedMapping() {
      revoked = [...resource.rules.users];
      resource.rules.users.clear();
      return {
        undo: async () => {
          for (const [vo, user] of revoked) resource.rules.users.set(vo, user);
        },
      };
    },
    closedPort: async () => ({ settings: { port: await closedPort() } }),
    hangs: mood('hangs'),
    halfReply: mood('half'),
    hugeReply: mood('huge'),
    lostReply: mood('loses replies'),
    full: mood('full'),
    takesTwo: mood('takes two'),
    async oddState(reference) {
      resource.odd.set(reference, { status: 'DREAMING' });
      return { undo: async () => void resource.odd.delete(reference) };
    },
    async oddHold(reference) {
      resource.odd.set(reference, {
        status: 'waiting',
        native: 'HELD 4711',
        reason: 'a reason of its own',
        held: true,
      });
      return { undo: async () => void resource.odd.delete(reference) };
    },
  },
};

conforms(plain, troublesome);
