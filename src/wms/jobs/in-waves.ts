/**
 * Splits items of a batch into waves so that no job is named twice within one; for each job, the order of the items
 * that name it is kept.
 */
export function inWaves<T>(items: readonly T[], jobIdsOf: (item: T) => readonly number[]): T[][] {
  const next = new Map<number, number>();
  const waves: T[][] = [];
  for (const item of items) {
    const ids = jobIdsOf(item);
    const wave = ids.reduce((latest, id) => Math.max(latest, next.get(id) ?? 0), 0);
    for (const id of ids) next.set(id, wave + 1);
    (waves[wave] ??= []).push(item);
  }
  return waves;
}
