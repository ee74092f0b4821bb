import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { contradictions } from './contradictions.js';
import { setTimeout as delay } from 'node:timers/promises';
import { FaultProcess } from './fault-servers.js';
import { Kind, type WorkMaker } from './kinds.js';
import type { Work } from './work.js';
import type { FaultWorld } from './world.js';

/** Servers that one kill ends; each dies over its own boundaries. */
const serversPerKill = 6;

/**
 * Kills servers over pieces of work, at each boundary of each kind. Of a track, a server has one work at a time: works of
 * one track would wait for each other there. Afterwards each client does what clients do: it sends the same call again, to
 * the server that is left. Throws when something was lost, doubled or left half done.
 */
export async function killAtEveryBoundary(world: FaultWorld, tracks: Record<string, WorkMaker>[]): Promise<Kind[]> {
  const lists = tracks.map((track) => Object.entries(track).map(([name, make]) => new Kind(name, make)));
  const start = (): Promise<FaultProcess> => FaultProcess.servers(serversPerKill, world.config);
  let next = start();
  try {
    for (;;) {
      const due = lists.flatMap((kinds) => {
        const kind = kinds.find((one) => one.due(1).length > 0);
        return kind === undefined
          ? []
          : kind.due(serversPerKill).map((boundary, server) => ({ kind, boundary, server }));
      });
      if (due.length === 0) return lists.flat();
      const servers = await next;
      // The next ones start while these die.
      next = start();
      next.catch(() => undefined);
      await round(world, due, servers).finally(() => servers.kill9());
    }
  } finally {
    await (await next).kill9();
  }
}

interface Due {
  kind: Kind;
  boundary: number;
  server: number;
}

interface Strike extends Due {
  work: Work;
  id: string;
  /** Set once the client has a reply, or knows that there will be none. */
  outcome?: 'answered' | 'failed';
  over: Promise<void>;
}

async function round(world: FaultWorld, due: Due[], servers: FaultProcess): Promise<void> {
  const works = await Promise.all(due.map(({ kind }) => kind.make(world)));
  const strikes = due.map((one, index) => strike(one, works[index] as Work, servers.urls[one.server] ?? ''));
  await allStandStill(world, strikes, servers);
  await servers.kill9();
  await Promise.all(strikes.map(({ over }) => over));
  for (const { kind, boundary, id, outcome } of strikes) {
    const what = servers.stillBefore(id);
    if (what !== undefined) kind.stoodStill(boundary, what);
    else if (outcome === 'answered') kind.wasAnswered(boundary);
    assert.ok(what === undefined || outcome === 'failed', `${kind.name} was answered after it stood still`);
  }
  assert.deepEqual(await contradictions(world), [], 'after the kill');
  await Promise.all(strikes.map((one) => recover(world, one, servers.stillBefore(one.id))));
  assert.deepEqual(await contradictions(world), [], 'after all calls were repeated');
}

function strike(due: Due, work: Work, url: string): Strike {
  const id = randomUUID();
  const struck: Strike = { ...due, work, id, over: Promise.resolve() };
  struck.over = work.send(url, { 'x-fault-at': `${id}:${due.boundary}` }).then(
    () => void (struck.outcome = 'answered'),
    () => void (struck.outcome = 'failed'),
  );
  return struck;
}

/** Waits until each work stands still, is over, or waits for a lock that another one holds: that one dies waiting. */
async function allStandStill(world: FaultWorld, strikes: Strike[], servers: FaultProcess): Promise<void> {
  for (;;) {
    const moving = strikes.filter(({ id, outcome }) => outcome === undefined && servers.stillBefore(id) === undefined);
    if (moving.length === 0 || (await lockWaits(world)) >= moving.length) return;
    await Promise.race([servers.news(), ...moving.map(({ over }) => over), delay(200)]);
  }
}

async function lockWaits({ database }: FaultWorld): Promise<number> {
  const waits = await database.query(
    `SELECT p.ID FROM information_schema.INNODB_TRX t JOIN information_schema.PROCESSLIST p ON p.ID = t.trx_mysql_thread_id
     WHERE p.DB = DATABASE() AND t.trx_state = 'LOCK WAIT'`,
  );
  return waits.length;
}

/** The client repeats its call until it is acknowledged; then all must be there, once. */
async function recover(world: FaultWorld, { kind, work }: Strike, what: string | undefined): Promise<void> {
  const where = `${kind.name}, killed before ${what ?? 'it stood still'}`;
  assert.ok(what !== 'reply' || (await work.isDone()), `${where}: about to be acknowledged, and not durable`);
  try {
    await work.check(await work.send(world.url));
    // Once more, as a client would whose second reply was lost.
    await work.check(await work.send(world.url));
  } catch (error) {
    throw new Error(`${where}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
