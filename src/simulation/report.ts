import type { EntityResult, Results, SiteResult } from './results.js';

/** A run and what it is called in the report. */
export interface LabelledRun {
  label: string;
  results: Results;
}

const mostRows = 40;

/** What simulations have found, for people; several side by side. */
export function reportOf(runs: readonly LabelledRun[]): string {
  const blocks = [
    table(['', ...runs.map(({ label }) => label)], [
      row(runs, 'jobs submitted', ({ jobs }) => count(jobs.submitted)),
      row(runs, 'done', ({ jobs }) => count(jobs.done)),
      row(runs, 'failed', ({ jobs }) => count(jobs.failed)),
      row(runs, 'running at the end', ({ jobs }) => count(jobs.running)),
      row(runs, 'waiting at the end', ({ jobs }) => count(jobs.waiting + jobs.lost)),
      row(runs, 'cores of pilots', ({ sites }) => count(sum(sites, ({ cores }) => cores))),
      row(runs, 'of them in use', ({ sites }) => percent(utilisationOf(sites))),
    ]), // prettier-ignore
    table(
      ['who', 'share', 'wanting', ...each(runs, 'part'), ...each(runs, 'done'), ...each(runs, 'wait p50'), ...each(runs, 'wait p99')],
      entityRows(runs),
    ), // prettier-ignore
    table(['site', ...each(runs, 'cores'), ...each(runs, 'in use'), ...each(runs, 'done'), ...each(runs, 'failed')], siteRows(runs)), // prettier-ignore
  ];
  return blocks.join('\n\n');
}

function entityRows(runs: readonly LabelledRun[]): string[][] {
  const names = [...new Set(runs.flatMap(({ results }) => results.entities.map(({ name }) => name)))];
  const rows = names.map((name) => {
    const found = runs.map(({ results }) => results.entities.find((entity) => entity.name === name));
    const [first] = found.filter((entity) => entity !== undefined);
    const cells = (of: (entity: EntityResult) => string): string[] =>
      found.map((entity) => (entity === undefined ? '-' : of(entity)));
    return [
      name,
      found.map((entity) => (entity === undefined ? '-' : percent(entity.share))).join(' → '),
      percent(first?.wanting ?? 0),
      ...cells(({ part }) => percent(part)),
      ...cells(({ done }) => count(done)),
      ...cells(({ waitP50 }) => duration(waitP50)),
      ...cells(({ waitP99 }) => duration(waitP99)),
    ];
  });
  return cut(rows, 'owners');
}

function siteRows(runs: readonly LabelledRun[]): string[][] {
  const names = [...new Set(runs.flatMap(({ results }) => results.sites.map(({ site }) => site)))];
  const rows = names.map((name) => {
    const found = runs.map(({ results }) => results.sites.find(({ site }) => site === name));
    const cells = (of: (site: SiteResult) => string): string[] => found.map((site) => (site ? of(site) : '-'));
    return [
      name,
      ...cells(({ cores }) => count(cores)),
      ...cells(({ utilisation }) => percent(utilisation)),
      ...cells(({ done }) => count(done)),
      ...cells(({ failed }) => count(failed)),
    ];
  });
  return cut(rows, 'sites');
}

function row(runs: readonly LabelledRun[], what: string, of: (results: Results) => string): string[] {
  return [what, ...runs.map(({ results }) => of(results))];
}

function each(runs: readonly LabelledRun[], what: string): string[] {
  return runs.map((_, at) => (runs.length === 1 ? what : `${what} ${at + 1}`));
}

function cut(rows: string[][], what: string): string[][] {
  if (rows.length <= mostRows) return rows;
  return [...rows.slice(0, mostRows), [`… ${rows.length - mostRows} more ${what}: see --json`]];
}

function utilisationOf(sites: readonly SiteResult[]): number {
  const cores = sum(sites, (site) => site.cores);
  return cores === 0 ? 0 : sum(sites, (site) => site.cores * site.utilisation) / cores;
}

function sum<Item>(items: readonly Item[], of: (item: Item) => number): number {
  return items.reduce((all, item) => all + of(item), 0);
}

function percent(part: number): string {
  return `${(100 * part).toFixed(1)} %`;
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** Seconds as people say them. */
export function duration(seconds: number | null): string {
  if (seconds === null) return '-';
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${(seconds / 3_600).toFixed(1)} h` : `${(seconds / 86_400).toFixed(1)} d`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((cells) => (cells.length > at && cells.length > 1 ? (cells[at] ?? '') : '').length))); // prettier-ignore
  const line = (cells: readonly string[]): string =>
    cells.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join('  ');
  return [line(head), ...rows.map(line)].map((text) => text.trimEnd()).join('\n');
}
