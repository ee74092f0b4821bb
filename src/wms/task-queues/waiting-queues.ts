import type { Bitmap } from './bitmap.js';
import type { Capability, Free } from './capability.js';
import { ClassIndex, type Signature } from './class-index.js';
import { fitsPlace } from './eligible.js';
import type { Bookmark } from './ordered-list.js';
import type { QueueDefinition } from './queue-definitions.js';
import { ShareOrder } from './share-order.js';
import { compareHeads, compareTurns, type Head } from './shares.js';
import { compareInTurn, type EntityQueues, type WaitingQueue } from './waiting-queue.js';

/** So many bookmarks of a signature; more are made anew when they are needed. */
const mostBookmarks = 2_000;
/** A list that is not longer is searched from its beginning. */
const shortList = 32;
const underWay = Infinity;

/**
 * The task queues that are not empty, and what is known of their next jobs: by class for the question what fits, by
 * share entity and head for the question what comes first. Pure: who reads the database tells what is there ({@link put}),
 * and who plans a claim takes jobs here first, so that nobody plans them again. No search looks at all queues.
 */
export class WaitingQueues {
  readonly classes = new ClassIndex();
  readonly order = new ShareOrder();
  private readonly queues = new Map<number, WaitingQueue>();
  private readonly byOrdinal = new Map<number, Set<WaitingQueue>>();
  private readonly unusedClasses = new Set<number>();
  /** Jobs that were taken: under way, or gone since this look. A look that began earlier may still show them. */
  private readonly taken = new Map<number, number>();
  private readonly bookmarks = new WeakMap<Signature, Map<object, Bookmark<unknown>>>();
  private looks = 0;

  /** `now`: milliseconds of any clock that goes forward. */
  constructor(readonly now: () => number = Date.now) {}

  get size(): number {
    return this.queues.size;
  }

  get(id: number): WaitingQueue | undefined {
    return this.queues.get(id);
  }

  all(): Iterable<WaitingQueue> {
    return this.queues.values();
  }

  /** Whoever reads the database begins; gives the number of this look. */
  beginLook(): number {
    this.looks += 1;
    return this.looks;
  }

  /** All looks up to this one are over: what was gone before they began need not be remembered. */
  endLook(look: number): void {
    for (const [job, gone] of this.taken) if (gone < look) this.taken.delete(job);
  }

  /**
   * The next claimable jobs of a queue, as a look has found them. `complete`: there are no more. Replaces what was known;
   * jobs that were taken meanwhile are left out.
   */
  put(definition: QueueDefinition, found: readonly Head[], complete: boolean, look = this.looks): WaitingQueue {
    const ahead = found.filter(({ headJob }) => (this.taken.get(headJob) ?? -1) < look);
    const queue = this.queues.get(definition.id) ?? this.enter(definition, found[0]);
    this.change(queue, () => {
      queue.ahead = ahead;
      queue.complete = complete;
    });
    return queue;
  }

  /** The first claimable job of a queue, as a look has found it: what is known stays unless this tells otherwise. */
  check(definition: QueueDefinition, head: Head, look = this.looks): WaitingQueue {
    const queue = this.queues.get(definition.id);
    const isTaken = (this.taken.get(head.headJob) ?? -1) >= look;
    const isKnown = queue?.ahead[0]?.headJob === head.headJob && queue.headPriority === head.headPriority;
    if (queue !== undefined && (isTaken || isKnown)) return queue;
    return this.put(definition, [head], false, look);
  }

  /** More jobs may have come to this queue than are known. */
  mayHaveMore(id: number): void {
    const queue = this.queues.get(id);
    if (queue?.complete === true) this.change(queue, () => (queue.complete = false));
  }

  /** The queue is empty. */
  remove(id: number): void {
    const queue = this.queues.get(id);
    if (queue === undefined) return;
    const { standing, classId, ordinal } = queue;
    if (queue.listed) standing.queues.delete(queue);
    queue.listed = false;
    this.queues.delete(id);
    const ofClass = this.byOrdinal.get(ordinal);
    ofClass?.delete(queue);
    if (ofClass?.size === 0) {
      this.byOrdinal.delete(ordinal);
      this.unusedClasses.add(classId);
    }
    standing.members -= 1;
    if (standing.members === 0) this.order.leave(standing);
    // Classes come back often; so they are forgotten seldom.
    if (this.unusedClasses.size > 1_000 + this.byOrdinal.size / 2) this.forgetClasses();
  }

  /** Takes the next known job of a queue; undefined when none is known. */
  take(queue: WaitingQueue): Head | undefined {
    const [head] = queue.ahead;
    if (head !== undefined) this.takeJobs(queue, [head.headJob]);
    return head;
  }

  /** Takes these jobs, wherever they stand in the queue. */
  takeJobs(queue: WaitingQueue, jobs: readonly number[]): void {
    for (const job of jobs) this.taken.set(job, underWay);
    this.change(queue, () => (queue.ahead = queue.ahead.filter(({ headJob }) => !jobs.includes(headJob))));
  }

  /** Taken jobs that can be taken again after all. */
  giveBack(queue: WaitingQueue, heads: readonly Head[]): void {
    for (const { headJob } of heads) this.taken.delete(headJob);
    this.learn(queue, heads);
  }

  /** Taken jobs that are gone for good. */
  gone(jobs: readonly number[]): void {
    for (const job of jobs) this.taken.set(job, this.looks);
  }

  /** These jobs of the queue can be taken too. */
  learn(queue: WaitingQueue, heads: readonly Head[], complete = queue.complete): void {
    const known = new Set(queue.ahead.map(({ headJob }) => headJob));
    const news = heads.filter(({ headJob }) => !known.has(headJob) && !this.taken.has(headJob));
    this.change(queue, () => {
      queue.complete = complete;
      if (news.length > 0) queue.ahead = [...queue.ahead, ...news].toSorted(compareHeads);
    });
  }

  /** What is known of the queue has proved wrong, but for these jobs. */
  distrust(queue: WaitingQueue, but: (job: number) => boolean): void {
    this.change(queue, () => {
      queue.ahead = queue.ahead.filter(({ headJob }) => but(headJob));
      queue.complete = false;
    });
  }

  /**
   * The queues of a VO that fit an offer: share entities in the order of their turns, within each the best head. `owner`:
   * only queues that may hold jobs of this owner; null: all. Nothing may change while somebody walks through them.
   */
  *inTurn(vo: string, signature: Signature, owner: string | null): Generator<WaitingQueue> {
    const classes = this.classes.fitting(signature);
    const few = this.fewIn(vo, classes, owner);
    if (few !== null) return yield* few;
    const marks = this.bookmarksOf(signature);
    const fits = (queue: WaitingQueue): boolean => classes.has(queue.ordinal);
    const firstOf = ({ queues }: EntityQueues): WaitingQueue | undefined =>
      queues.size <= shortList ? queues.from(null, fits) : queues.first(bookmark(marks, queues), fits);
    const hasAny = (one: EntityQueues): boolean => firstOf(one) !== undefined;
    for (const { owners, byOwner } of this.order.groupsOf(vo)) {
      const next = (after: EntityQueues | undefined): EntityQueues | undefined => {
        if (after !== undefined) return owners.after(after, hasAny);
        return owners.size <= shortList ? owners.from(null, hasAny) : owners.first(bookmark(marks, owners), hasAny);
      };
      const among = owner === null ? walk(next) : servable(byOwner, owner);
      for (const one of among) {
        for (let queue = firstOf(one); queue !== undefined; queue = one.queues.after(queue, fits)) yield queue;
      }
    }
  }

  /** The queues of these classes in the same order, where they are so few that they need no search; else null. */
  private fewIn(vo: string, classes: Bitmap, owner: string | null): WaitingQueue[] | null {
    const found: WaitingQueue[] = [];
    for (const ordinal of classes) {
      for (const queue of this.byOrdinal.get(ordinal) ?? []) {
        if (found.length === shortList) return null;
        const serves = owner === null || queue.ownerSubject === '' || queue.ownerSubject === owner;
        if (queue.vo === vo && queue.listed && serves) found.push(queue);
      }
    }
    return found.toSorted(compareInTurn);
  }

  /** All waiting queues of a VO whose requirements a place fulfils, whatever is free there. Looks at all of them. */
  candidates(vo: string, capability: Capability): WaitingQueue[] {
    return [...this.queues.values()].filter(
      (queue) => queue.vo === vo && queue.listed && fitsPlace(queue.requirements, capability) === null,
    );
  }

  /** For how long the head of a queue has been the same (ms). */
  waited(queue: WaitingQueue): number {
    return this.now() - queue.since;
  }

  signature(capability: Capability, free: Free): Signature {
    return this.classes.signature(capability, free);
  }

  private enter(definition: QueueDefinition, head: Head | undefined): WaitingQueue {
    const { classId } = definition;
    const ordinal = this.classes.add(classId, definition.requirements);
    this.unusedClasses.delete(classId);
    const standing = this.order.enter(definition);
    standing.members += 1;
    // Of a queue whose head is not known the best is expected, so that it is asked.
    const { headPriority, headJob } = head ?? { headPriority: Infinity, headJob: 0 };
    const found = { ahead: [], complete: true, since: this.now(), ordinal, listed: false, standing };
    const queue = { ...definition, headPriority, headJob, ...found };
    this.queues.set(queue.id, queue);
    const ofClass = this.byOrdinal.get(ordinal) ?? new Set();
    this.byOrdinal.set(ordinal, ofClass.add(queue));
    return queue;
  }

  /** Changes what is known of a queue, and its place with it. */
  private change(queue: WaitingQueue, make: () => void): void {
    const here = this.queues.get(queue.id) === queue;
    const { queues } = queue.standing;
    if (queue.listed && here) queues.delete(queue);
    const { headPriority, headJob, listed } = queue;
    make();
    // A head that is not known stays what it was: nothing that comes later is better.
    const head = queue.ahead[0] ?? { headPriority, headJob };
    if (head.headJob !== headJob) queue.since = this.now();
    queue.headPriority = head.headPriority;
    queue.headJob = head.headJob;
    queue.listed = here && (queue.ahead.length > 0 || !queue.complete);
    if (!queue.listed) return;
    queues.add(queue, !listed || compareHeads(queue, { headPriority, headJob }) < 0);
    if (!listed) this.order.arrived(queue.standing);
  }

  private bookmarksOf(signature: Signature): Map<object, Bookmark<unknown>> {
    const known = this.bookmarks.get(signature);
    if (known !== undefined && known.size < mostBookmarks) return known;
    const fresh = new Map<object, Bookmark<unknown>>();
    this.bookmarks.set(signature, fresh);
    return fresh;
  }

  private forgetClasses(): void {
    for (const classId of this.unusedClasses) this.classes.delete(classId);
    this.unusedClasses.clear();
  }
}

function* walk<Item>(next: (after: Item | undefined) => Item | undefined): Generator<Item> {
  for (let one = next(undefined); one !== undefined; one = next(one)) yield one;
}

function bookmark(marks: Map<object, Bookmark<unknown>>, list: object): Bookmark<never> {
  const mark = marks.get(list) ?? { from: null, upTo: -1 };
  marks.set(list, mark);
  return mark as Bookmark<never>;
}

/** The entities of a group that may hold jobs of this owner: its own, and the group's where jobs are shared. */
function servable(byOwner: ReadonlyMap<string, EntityQueues>, owner: string): EntityQueues[] {
  const both = new Set([byOwner.get(owner), byOwner.get('')]);
  return [...both].flatMap((one) => one ?? []).toSorted(compareTurns);
}
