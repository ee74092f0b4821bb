/** A table in time partitions, each of a month or a day. */
export interface PartitionedTable {
  name: string;
  period: 'month' | 'day';
  /** Days that rows are kept. */
  keepDays: number;
  /** Its rows belong to jobs: a partition stays while a job of its rows is there. */
  ofJobs: boolean;
}

/** A partition and the first moment that it does not hold, `YYYY-MM-DD`. */
export interface Partition {
  name: string;
  end: string;
}

const day = 86_400_000;

/**
 * The partitions that must exist now: the current period and two more, and those since `from` (`YYYY-MM-DD`) when nobody
 * made them in time. `now` in milliseconds since 1970.
 */
export function wantedPartitions(period: 'month' | 'day', now: number, from = ''): Partition[] {
  const last = startOf(period, now, 2);
  const first = from === '' ? startOf(period, now, 0) : Math.min(startOf(period, Date.parse(from), 0), last);
  const wanted: Partition[] = [];
  for (let start = first; start <= last; start = startOf(period, start, 1)) {
    const digits = new Date(start).toISOString().slice(0, period === 'month' ? 7 : 10);
    const end = new Date(startOf(period, start, 1)).toISOString().slice(0, 10);
    wanted.push({ name: `p${digits.replaceAll('-', '')}`, end });
  }
  return wanted;
}

/** The beginning of the period `ahead` periods behind that of `moment`. */
function startOf(period: 'month' | 'day', moment: number, ahead: number): number {
  const date = new Date(moment);
  return period === 'month'
    ? Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + ahead, 1)
    : Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate() + ahead);
}

/** What to create and what to drop, given the partitions that exist (without `future`). */
export function planPartitions(
  table: PartitionedTable,
  existing: readonly Partition[],
  now: number,
): { create: Partition[]; drop: string[] } {
  const last = existing.reduce((latest, { end }) => (end > latest ? end : latest), '');
  const oldest = new Date(now - table.keepDays * day).toISOString().slice(0, 10);
  return {
    // Only beyond the last one: what lies before is held by it or by nothing.
    create: wantedPartitions(table.period, now, last !== '' && last < oldest ? oldest : last).filter(
      ({ end }) => end > last,
    ),
    drop: existing.filter(({ end }) => end <= oldest).map(({ name }) => name),
  };
}
