/** What one path came to in a run; see measure.mjs. */
export interface MeasuredPath {
  unit: string;
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  rawPerSecond: number;
}

/** One file of `npm run bench -- --json`. */
export type BenchResult = { machine: { https: boolean } } & Record<string, MeasuredPath | { https: boolean }>;

/** The charts of these results, by the names of their files. */
export function draw(results: BenchResult[]): Record<string, string>;
