import type { Transaction } from '../../platform/index.js';
import { type Effects, Jobs, writeHistory } from './jobs.js';
import { type JobRow, type Move, refuse } from './move.js';
import { orderKill } from './order-kill.js';
import {
  type Change,
  changeOf,
  type Entry,
  type HistoryLine,
  isHeldByPilot,
  lifted,
  moveOf,
  recordOf,
  untouched,
} from './status-entries.js';

/** The entries of one job, which are applied one after the other. */
export interface Course {
  jobId: number;
  /** In the order of their times. */
  entries: readonly Entry[];
  force: boolean;
  /** The newest time in the history; what is older changes nothing. */
  newest: string;
  /** Hears what each entry changed. */
  tell: (change: Change) => void;
}

/** What the entries of one round come to. */
interface Round {
  moves: Move[];
  recorded: HistoryLine[];
  told: { course: Course; change: Change }[];
}

/** Runs status updates of many jobs: the first entry of each together, then the second of each, and so on. */
export class StatusCourses {
  constructor(private readonly jobs: Jobs) {}

  /** `rows` are the rows of all these jobs, which are locked; no job has two courses. `now` is the database's time. */
  async run(
    tx: Transaction,
    effects: Effects,
    courses: readonly Course[],
    { rows, now }: { rows: ReadonlyMap<number, JobRow>; now: string },
  ): Promise<void> {
    let current = rows;
    let open = courses;
    for (let round = 0; open.length > 0; round += 1) {
      if (round > 0) {
        current = await this.jobs.lock(
          tx,
          open.map(({ jobId }) => jobId),
        );
      }
      await this.runRound(tx, effects, sortEntries(open, round, current, now), current);
      open = open.filter(({ entries }) => entries.length > round + 1);
    }
  }

  private async runRound(
    tx: Transaction,
    effects: Effects,
    { moves, recorded, told }: Round,
    rows: ReadonlyMap<number, JobRow>,
  ): Promise<void> {
    await this.jobs.move(tx, effects, moves, rows);
    await writeHistory(tx, recorded);
    const ended = moves.filter(({ to }) => to === 'Killed' || to === 'Deleted');
    await orderKill(
      tx,
      effects,
      this.jobs,
      ended.flatMap(({ jobId }) => rows.get(jobId) ?? []),
    );
    for (const { course, change } of told) course.tell(change);
  }
}

/** Sorts the entries of a round by what they may do: move their job, or leave a line in its history. */
function sortEntries(courses: readonly Course[], round: number, rows: ReadonlyMap<number, JobRow>, now: string): Round {
  const sorted: Round = { moves: [], recorded: [], told: [] };
  for (const course of courses) {
    const entry = course.entries[round];
    const row = rows.get(course.jobId);
    if (entry === undefined || row === undefined) continue;
    const { at, update } = lifted(entry, course.newest, now);
    if (at < course.newest) {
      sorted.recorded.push(recordOf(row, { at, update }));
      sorted.told.push({ course, change: untouched });
      continue;
    }
    course.newest = at;
    const move = moveOf(row, { at, update }, course.force);
    if (isHeldByPilot(row, update, course.force) || refuse(row, move) !== null) {
      sorted.recorded.push(recordOf(row, { at, update: { Source: `${update.Source}(SM)` } }));
      sorted.told.push({ course, change: { ...untouched, Status: row.status } });
      continue;
    }
    sorted.moves.push(move);
    sorted.told.push({ course, change: changeOf(row, move, { at, now }) });
  }
  return sorted;
}
