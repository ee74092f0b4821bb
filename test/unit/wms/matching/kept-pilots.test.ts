import { describe, expect, it } from '@jest/globals';
import { JobDescription, type JobDescriptionInput, Refusal } from '../../../../src/contract/index.js';
import type { ClaimableJob } from '../../../../src/wms/jobs/claim-jobs.js';
import { type Claimer, distribute } from '../../../../src/wms/matching/distribute.js';
import { KeptPilots } from '../../../../src/wms/matching/kept-pilots.js';
import { Stock } from '../../../../src/wms/matching/stock.js';
import { capabilityOf } from '../../../../src/wms/task-queues/capability.js';
import { requirementsOf } from '../../../../src/wms/task-queues/requirements.js';
import { WaitingQueues } from '../../../../src/wms/task-queues/waiting-queues.js';

const minute = 60_000;
const cores = 8;

/** Task queues of one owner and pilots of 8 cores, on a clock that the test moves. */
class World {
  now = 0;
  readonly queues = new WaitingQueues(() => this.now);
  readonly kept = new KeptPilots(
    () => ({ patience: 10 * minute, keepFor: 60 * minute }),
    () => this.now,
  );
  private readonly jobs = new Map<number, { queue: number; row: ClaimableJob }>();
  private readonly running = new Map<string, { cores: number; ends: number }[]>();
  private ids = 0;

  /** Jobs that wait in queue `id` from now on, after those that wait there already. */
  submit(id: number, input: Partial<JobDescriptionInput>, count = 1): void {
    const requirements = requirementsOf(JobDescription.parse({ executable: 'x', cpu_work: 360, ...input }));
    for (let made = 0; made < count; made += 1) {
      this.ids += 1;
      const whose = { vo: 'lhcb', owner: 'a', owner_group: 'g', owner_subject: 'a' };
      const labels = { job_group: '0', job_type: 'User', site: 'ANY', description_id: 1, expansion: null };
      const row = { job_id: this.ids, user_priority: 1, ...whose, ...labels, attempt: 0, locked_at: '' };
      this.jobs.set(this.ids, { queue: id, row });
    }
    const heads = [...this.jobs.values()]
      .filter(({ queue }) => queue === id)
      .map(({ row }) => ({ headPriority: 1, headJob: row.job_id }));
    const definition = { id, classId: id, vo: 'lhcb', group: 'g', ownerSubject: 'a', owner: 'a', requirements };
    this.queues.put(definition, heads, true);
  }

  /** A pilot asks with what is free on it; gives the queues of the jobs that it got, which run for some minutes. */
  async ask(stamp: string, { minutes = 30 } = {}): Promise<number[]> {
    const place = capabilityOf({ wholeNode: true, tags: ['any'] });
    if (place instanceof Refusal) throw place;
    const here = (this.running.get(stamp) ?? []).filter(({ ends }) => ends > this.now);
    const processors = cores - here.reduce((sum, one) => sum + one.cores, 0);
    const free = { processors, memory: 1e4, gpus: 0, cpuWorkLeft: 1e5, wallLeft: 1e5, idle: here.length === 0 };
    const claimer: Claimer = {
      stamp,
      vo: 'lhcb',
      site: 's',
      ce: 'c',
      place,
      free,
      wants: cores,
      owner: null,
      separates: true,
      given: [],
      whole: { ...free, processors: cores, idle: true },
    };
    const stock = new Stock(this.queues, {
      next: async (orders) => orders.map(() => []),
      known: async (wanted) => wanted.flatMap(({ headJob }) => this.jobs.get(headJob)?.row ?? []),
    });
    const turnsWith = () => () => ({ vo: 0, group: 0, owner: 0 });
    await distribute([claimer], { stock, turnsWith, kept: this.kept, now: this.now });
    stock.settle();
    const got = claimer.given.map(({ job, queue, processors: used }) => {
      this.jobs.delete(job.job_id);
      here.push({ cores: used, ends: this.now + minutes * minute });
      return queue.id;
    });
    this.running.set(stamp, here);
    return got;
  }
}

const [small, large, node] = [1, 2, 3];

describe('a job that has waited long', () => {
  it('keeps a pilot free whose place it fits, until it fits what is free', async () => {
    const world = new World();
    world.submit(small, {}, 5);
    expect(await world.ask('p')).toEqual([small, small, small, small, small]);
    world.submit(large, { min_processors: 8 });
    world.now = minute;
    world.submit(small, {}, 10);
    expect(await world.ask('p')).toEqual([small, small, small]);
    world.now = 30 * minute;
    expect(world.kept.queueOf('p')).toBeUndefined();
    expect(await world.ask('p')).toEqual([]);
    expect(world.kept.queueOf('p')).toBe(large);
    world.now = 31 * minute;
    expect(await world.ask('p')).toEqual([large]);
    expect(world.kept.queueOf('p')).toBeUndefined();
  });

  it('also when it wants a node as a whole; but no pilot whose place it does not fit', async () => {
    const world = new World();
    world.submit(small, {}, 7);
    await world.ask('p');
    await world.ask('q');
    world.submit(node, { whole_node: true });
    world.submit(large, { min_processors: 16 });
    world.submit(small, {}, 10);
    world.now = 20 * minute;
    expect(await world.ask('p')).toEqual([]);
    expect(world.kept.queueOf('p')).toBe(node);
    world.now = 30 * minute;
    expect(await world.ask('p')).toEqual([node]);
  });

  it('keeps no more pilots than there are such jobs, and none for ever', async () => {
    const world = new World();
    for (const stamp of ['p', 'q']) {
      world.submit(small, {}, 4);
      expect(await world.ask(stamp, { minutes: 600 })).toHaveLength(4);
    }
    world.now = minute;
    world.submit(large, { min_processors: 8 });
    world.submit(small, {}, 8);
    world.now = 12 * minute;
    expect(await world.ask('p', { minutes: 600 })).toEqual([]);
    expect(await world.ask('q', { minutes: 600 })).toEqual([small, small, small, small]);
    world.now = 72 * minute;
    expect(world.kept.queueOf('p')).toBeUndefined();
    expect(await world.ask('p', { minutes: 600 })).toEqual([small, small, small, small]);
  });

  it('does not starve behind small ones, however many come, and they go on elsewhere', async () => {
    const world = new World();
    world.submit(small, {}, 100);
    world.submit(large, { min_processors: 6 });
    const got = new Map<number, number>();
    let largeAt = 0;
    for (world.now = 0; world.now < 400 * minute; world.now += minute) {
      world.submit(small, {}, 3);
      for (const stamp of ['p', 'q', 'r']) {
        // Jobs end one after the other, so that a pilot is never empty by chance.
        const ends = 20 + ((world.now / minute) % 17);
        for (const queue of await world.ask(stamp, { minutes: ends })) {
          got.set(queue, (got.get(queue) ?? 0) + 1);
          if (queue === large) largeAt = world.now;
        }
      }
    }
    expect(got.get(large)).toBe(1);
    expect(largeAt).toBeLessThan(100 * minute);
    expect(got.get(small)).toBeGreaterThan(300);
  });
});
