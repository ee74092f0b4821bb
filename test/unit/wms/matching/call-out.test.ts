import { expect, it } from '@jest/globals';
import { CallOut, type Ticket } from '../../../../src/wms/matching/call-out.js';
import { Cohorts, type Standing } from '../../../../src/wms/matching/cohorts.js';
import { type Capability, capabilityOf, signatureOf } from '../../../../src/wms/task-queues/capability.js';
import { WaitingQueues } from '../../../../src/wms/task-queues/waiting-queues.js';
import { type JobDescriptionInput, JobDescription } from '../../../../src/contract/index.js';
import { requirementsOf } from '../../../../src/wms/task-queues/requirements.js';

const free = { processors: 1, memory: 2_000, gpus: 0, cpuWorkLeft: 1e6, wallLeft: 86_400, idle: true };

interface Waiter {
  name: string;
  standing: Standing;
  call(ticket: Ticket): void;
}

function aStanding({ site = 'A', ...more }: { site?: string } & Partial<Standing> = {}): Standing {
  const capability = capabilityOf({ sites: [site] }) as Capability;
  return {
    vo: 'lhcb',
    site,
    ce: 'ce',
    signature: signatureOf(capability),
    capability,
    free,
    owner: null,
    testsOnly: false,
    ...more,
  };
}

/** A room without walls: who is called stands in `called`, in order, with its open ticket. */
function aRoom() {
  let now = 1_000;
  let lastQueue = 0;
  const full = new Set<string>();
  const queues = new WaitingQueues(() => now);
  const cohorts = new Cohorts<Waiter>();
  const callOut = new CallOut<Waiter>(
    cohorts,
    { find: (id) => queues.get(id), mayRun: (queue, { site }) => !full.has(`${queue.id} ${site}`) },
    () => now,
  );
  const called: { name: string; ticket: Ticket }[] = [];
  return {
    cohorts,
    callOut,
    called,
    /** Limits of the queue's jobs at this site are full. */
    fill: (queue: number, site: string) => full.add(`${queue} ${site}`),
    names: () => called.map(({ name }) => name),
    pass: (milliseconds: number) => (now += milliseconds),
    wait(name: string, standing: Standing = aStanding()): Waiter {
      const waiter = { name, standing, call: (ticket: Ticket) => void called.push({ name, ticket }) };
      cohorts.add(waiter, standing);
      return waiter;
    },
    queue(description: Partial<JobDescriptionInput> = {}, ownerSubject = 'lhcb:alice') {
      lastQueue += 1;
      const requirements = requirementsOf(JobDescription.parse({ executable: '/bin/true', ...description }));
      const share = { vo: 'lhcb', group: 'user', ownerSubject, owner: 'alice' };
      return { id: lastQueue, classId: lastQueue, requirements, ...share };
    },
    /** So many jobs stand in the queue, as a look finds them. */
    jobs(definition: Parameters<WaitingQueues['put']>[0], count: number, complete = true) {
      const first = definition.id * 1_000;
      const heads = Array.from({ length: count }, (_, at) => ({ headPriority: 1, headJob: first + at }));
      return queues.put(definition, heads, complete, queues.beginLook());
    },
    take: (id: number) => {
      const queue = queues.get(id);
      if (queue !== undefined) queues.take(queue);
    },
  };
}

it('calls as many as there are jobs, those who have waited longest, of whatever cohort', () => {
  const room = aRoom();
  for (const name of ['a1', 'b1', 'a2', 'b2', 'a3']) room.wait(name, aStanding({ site: name.slice(0, 1) }));
  room.callOut.news([room.jobs(room.queue(), 3)]);
  expect(room.names()).toEqual(['a1', 'b1', 'a2']);
  expect(room.cohorts.size).toBe(2);
});

it('calls only those whom the queue fits: place, what is free, time left, owner and type of the job', () => {
  const room = aRoom();
  room.wait('elsewhere', aStanding({ site: 'B' }));
  room.wait('small', aStanding({ free: { ...free, memory: 100 } }));
  room.wait('late', aStanding({ free: { ...free, wallLeft: 10, cpuWorkLeft: 10 } }));
  room.wait("bob's", aStanding({ owner: 'lhcb:bob' }));
  room.wait('probed', aStanding({ testsOnly: true }));
  room.wait('foreign', aStanding({ vo: 'dune' }));
  room.wait("alice's", aStanding({ owner: 'lhcb:alice' }));
  room.callOut.news([room.jobs(room.queue({ sites: ['A'], min_ram: 1_000, cpu_work: 1_000 }), 7)]);
  expect(room.names()).toEqual(["alice's"]);
});

it('lets one follow another while jobs are left, and twice as many at a time while there may be any number', () => {
  const room = aRoom();
  for (let at = 0; at < 100; at += 1) room.wait(`w${at}`);
  const definition = room.queue();
  room.callOut.news([room.jobs(definition, 16, false)]);
  expect(room.called).toHaveLength(16);
  for (const { ticket } of room.called.slice(0, 5)) ticket('got');
  // Five are back, of sixteen known jobs; after five successes as many as 32 may be out.
  expect(room.called).toHaveLength(5 + 32);
  for (const { ticket } of room.called.slice(5, 10)) ticket('absent');
  expect(room.called).toHaveLength(10 + 32);
});

it('calls nobody more for a queue that has nothing left', () => {
  const room = aRoom();
  room.wait('first');
  room.wait('second');
  const definition = room.queue();
  room.callOut.news([room.jobs(definition, 1)]);
  room.take(definition.id);
  room.called[0]?.ticket('got');
  room.callOut.news([room.jobs(definition, 0)]);
  expect(room.names()).toEqual(['first']);
});

it('asks another when the one that was called has gone, and counts a ticket once', () => {
  const room = aRoom();
  room.wait('gone');
  room.wait('next');
  room.wait('last');
  room.callOut.news([room.jobs(room.queue(), 1)]);
  room.called[0]?.ticket('absent');
  room.called[0]?.ticket('absent');
  expect(room.names()).toEqual(['gone', 'next']);
});

it('leaves a cohort alone that finds jobs and gets none, for longer each time, but not the others', () => {
  const room = aRoom();
  const definition = room.queue();
  const one = room.wait('a', aStanding({ site: 'A' }));
  room.callOut.news([room.jobs(definition, 1)]);
  // Two fruitless claims in a row; who got nothing waits again.
  room.called[0]?.ticket('nothing');
  room.cohorts.add(one, one.standing);
  room.callOut.news([room.jobs(definition, 1)]);
  room.called[1]?.ticket('nothing');
  room.cohorts.add(one, one.standing);
  room.callOut.news([room.jobs(definition, 1)]);
  expect(room.names()).toEqual(['a', 'a']);
  room.wait('b', aStanding({ site: 'B' }));
  room.callOut.news([room.jobs(definition, 1)]);
  expect(room.names()).toEqual(['a', 'a', 'b']);
  room.called[2]?.ticket('nothing');
  room.pass(5_001);
  room.callOut.news([room.jobs(definition, 1)]);
  expect(room.names()).toEqual(['a', 'a', 'b', 'a']);
});

it('calls a resting cohort when the jobs of a queue can be had again, and for the jobs of another queue', () => {
  const room = aRoom();
  const definition = room.queue();
  const one = room.wait('a');
  for (const _ of [1, 2]) {
    room.callOut.news([room.jobs(definition, 1)]);
    room.called.at(-1)?.ticket('nothing');
    room.cohorts.add(one, one.standing);
  }
  room.callOut.news([room.jobs(definition, 1)]);
  expect(room.called).toHaveLength(2);
  room.pass(1);
  room.callOut.refreshed([definition.id]);
  room.callOut.news([room.jobs(definition, 1)]);
  expect(room.called).toHaveLength(3);
  room.called[2]?.ticket('got');
  room.cohorts.add(one, one.standing);
  room.callOut.news([room.jobs(room.queue({ cpu_work: 5 }), 1)]);
  expect(room.called).toHaveLength(4);
});

it('does not call who comes while enough are called for the queue, and calls it when everybody else rests', () => {
  const room = aRoom();
  const queue = room.jobs(room.queue(), 1);
  const first = room.wait('first');
  expect(room.callOut.seek(queue, first)).toBe(true);
  const second = room.wait('second');
  expect(room.callOut.seek(queue, second)).toBe(false);
  room.called[0]?.ticket('nothing');
  room.called[1]?.ticket('nothing');
  room.cohorts.add(first, first.standing);
  expect(room.callOut.seek(queue, first)).toBe(true);
  expect(room.names()).toEqual(['first', 'second', 'first']);
});

it('keeps the turn of who is matched anew and stands where it stood', () => {
  const room = aRoom();
  const first = room.wait('first');
  room.wait('second');
  room.cohorts.add(first, aStanding());
  room.callOut.news([room.jobs(room.queue(), 1)]);
  expect(room.names()).toEqual(['first']);
});

it('does not call those at whose place a limit is full', () => {
  const room = aRoom();
  room.wait('full', aStanding({ site: 'A' }));
  room.wait('free', aStanding({ site: 'B' }));
  const definition = room.queue();
  room.fill(definition.id, 'A');
  room.callOut.news([room.jobs(definition, 2)]);
  expect(room.names()).toEqual(['free']);
});

it('calls nobody for a queue of which no job is known: who comes, and who hears of it, waits for the look', () => {
  const room = aRoom();
  const definition = room.queue();
  const queue = room.jobs(definition, 1, false);
  room.take(definition.id);
  expect(queue.listed).toBe(true);
  expect(room.callOut.seek(queue, room.wait('comer'))).toBe(false);
  room.callOut.news([queue]);
  expect(room.names()).toEqual([]);
});
