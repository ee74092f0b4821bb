interface Lane {
  priority: number;
  /** Ids in ascending order; those before `first` have left. */
  ids: number[];
  first: number;
}

/** A job as the matcher looks ahead for it. */
export interface NextJob {
  headPriority: number;
  headJob: number;
}

const compactAfter = 4_096;

/** The waiting jobs of one task queue: highest priority first, then the oldest. */
export class WaitingJobs {
  private lanes: Lane[] = [];
  private waiting = 0;

  get count(): number {
    return this.waiting;
  }

  /** A job begins to wait, for the first time or again. */
  add(job: number, priority: number): void {
    const { ids, first } = this.laneOf(priority);
    let place = ids.length;
    while (place > first && (ids[place - 1] ?? 0) > job) place -= 1;
    if (place === ids.length) ids.push(job);
    else ids.splice(place, 0, job);
    this.waiting += 1;
  }

  /** The jobs that come next, at most so many. */
  next(limit: number): NextJob[] {
    const found: NextJob[] = [];
    for (const { priority, ids, first } of this.lanes) {
      for (let at = first; at < ids.length && found.length < limit; at += 1) {
        found.push({ headPriority: priority, headJob: ids[at] ?? 0 });
      }
    }
    return found;
  }

  /** The job does not wait any more. */
  remove(job: number, priority: number): void {
    const lane = this.laneOf(priority);
    const at = lane.ids.indexOf(job, lane.first);
    if (at < 0) throw new Error(`Job ${job} does not wait`);
    this.waiting -= 1;
    if (at > lane.first) {
      lane.ids.splice(at, 1);
      return;
    }
    lane.first += 1;
    if (lane.first < compactAfter || lane.first < lane.ids.length / 2) return;
    lane.ids = lane.ids.slice(lane.first);
    lane.first = 0;
  }

  private laneOf(priority: number): Lane {
    const known = this.lanes.find((lane) => lane.priority === priority);
    if (known !== undefined) return known;
    const lane = { priority, ids: [], first: 0 };
    this.lanes.push(lane);
    this.lanes.sort((a, b) => b.priority - a.priority);
    return lane;
  }
}
