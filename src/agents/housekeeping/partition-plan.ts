/** A table in time partitions, each of a month or a day. */
export interface PartitionedTable {
  name: string;
  period: 'month' | 'day';
  /** Days that rows are kept. */
  keepDays: number;
}

/** A partition and the first moment that it does not hold, `YYYY-MM-DD`. */
export interface Partition {
  name: string;
  end: string;
}

const day = 86_400_000;

/** The partitions that must exist now: the current period and two more. `now` in milliseconds since 1970. */
export function wantedPartitions(period: 'month' | 'day', now: number): Partition[] {
  const date = new Date(now);
  return [0, 1, 2].map((ahead) => {
    const start =
      period === 'month'
        ? Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + ahead, 1)
        : Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate() + ahead);
    const from = new Date(start);
    const end = period === 'month' ? Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + 1, 1) : start + day;
    const digits = from.toISOString().slice(0, period === 'month' ? 7 : 10);
    return { name: `p${digits.replaceAll('-', '')}`, end: new Date(end).toISOString().slice(0, 10) };
  });
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
    create: wantedPartitions(table.period, now).filter(({ end }) => end > last),
    drop: existing.filter(({ end }) => end <= oldest).map(({ name }) => name),
  };
}
