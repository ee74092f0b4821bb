import { lineChart } from './line-chart.js';
import type { Results } from './results.js';

const mostLines = 8;

/** The charts of a simulation, by the names of their files. */
export function chartsOf({ scenario, series }: Results): Record<string, string> {
  const { days: times } = series;
  const deep = Object.keys(series.waiting).length > mostLines ? 2 : 3;
  return {
    'waiting.svg': lineChart({
      title: `${scenario}: waiting jobs`,
      unit: 'jobs',
      times,
      lines: linesOf(series.waiting, deep),
    }),
    'cores.svg': lineChart({
      title: `${scenario}: cores in use`,
      unit: 'cores',
      times,
      lines: [...linesOf(series.cores, deep), { name: 'pilots', values: series.pilotCores }],
    }),
    'shares.svg': lineChart({
      title: `${scenario}: part of the cores in use`,
      unit: 'per cent',
      times,
      lines: partsOf(linesOf(series.cores, deep)),
    }),
  };
}

interface Line {
  name: string;
  values: number[];
}

/** Lines of owners, or summed up by their first names (2: VO and group); the largest, the rest as one. */
function linesOf(lines: Readonly<Record<string, readonly number[]>>, names: number): Line[] {
  const sums = new Map<string, number[]>();
  for (const [owner, values] of Object.entries(lines))
    addLine(sums, owner.split('/').slice(0, names).join('/'), values);
  const sorted = [...sums].toSorted((a, b) => sum(b[1]) - sum(a[1]) || (a[0] < b[0] ? -1 : 1));
  const kept = new Map(sorted.slice(0, mostLines));
  for (const [, values] of sorted.slice(mostLines)) addLine(kept, 'others', values);
  return [...kept].map(([name, values]) => ({ name, values }));
}

function addLine(sums: Map<string, number[]>, name: string, values: readonly number[]): void {
  const known = sums.get(name);
  sums.set(name, known === undefined ? [...values] : known.map((value, at) => value + (values[at] ?? 0)));
}

function partsOf(lines: readonly Line[]): Line[] {
  const totals = (lines[0]?.values ?? []).map((_, at) => lines.reduce((all, { values }) => all + (values[at] ?? 0), 0));
  return lines.map(({ name, values }) => ({
    name,
    values: values.map((value, at) => ((totals[at] ?? 0) === 0 ? 0 : (100 * value) / (totals[at] ?? 1))),
  }));
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}
