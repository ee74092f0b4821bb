/** What was seen at regular times; lines by `vo/group/owner`. */
export interface Series {
  /** Days since the beginning. */
  days: number[];
  /** Jobs that wait. */
  waiting: Record<string, number[]>;
  /** Cores on which jobs run. */
  cores: Record<string, number[]>;
  /** Cores of pilots. */
  pilotCores: number[];
}

const mostPoints = 336;

/** Seconds between two looks: at most so many looks, not more often than every minute. */
export function lookEvery(days: number): number {
  return Math.max(60, Math.ceil((days * 86_400) / mostPoints / 60) * 60);
}

/** Jobs and cores by owner, as they are now, and their history. */
export class Tracks {
  readonly series: Series = { days: [], waiting: {}, cores: {}, pilotCores: [] };
  private readonly now = new Map<string, { waiting: number; cores: number }>();
  pilotCores = 0;

  change(owner: string, { waiting = 0, cores = 0 }: { waiting?: number; cores?: number }): void {
    const track = this.now.get(owner);
    if (track === undefined) this.now.set(owner, { waiting, cores });
    else {
      track.waiting += waiting;
      track.cores += cores;
    }
  }

  /** Notes how things are. */
  look(seconds: number): void {
    const { days, waiting, cores, pilotCores } = this.series;
    for (const [owner, track] of this.now) {
      line(waiting, owner, days.length).push(track.waiting);
      line(cores, owner, days.length).push(track.cores);
    }
    days.push(Math.round((seconds / 86_400) * 1e4) / 1e4);
    pilotCores.push(this.pilotCores);
  }
}

/** A line that was not there before has been 0. */
function line(lines: Record<string, number[]>, name: string, length: number): number[] {
  const known = lines[name] ?? Array.from({ length }, () => 0);
  lines[name] = known;
  return known;
}
