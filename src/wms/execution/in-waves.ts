/** Splits items of a batch so that no wave names a job twice; the order of a job's items is kept. */
export function inWaves<T extends { jobId: number }>(items: readonly T[]): T[][] {
  const seen = new Map<number, number>();
  const waves: T[][] = [];
  for (const item of items) {
    const wave = seen.get(item.jobId) ?? 0;
    seen.set(item.jobId, wave + 1);
    (waves[wave] ??= []).push(item);
  }
  return waves;
}
