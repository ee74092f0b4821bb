import { type Configuration } from '../configuration/index.js';
import { sharesOf } from '../wms/index.js';
import { Histogram } from './histogram.js';
import type { Measurements, OwnerTally } from './measurements.js';
import type { Series } from './series.js';

/** A VO, a group or an owner. Waits are seconds from submission to the first start of a job. */
export interface EntityResult {
  level: 'vo' | 'group' | 'owner';
  name: string;
  /** Of what all its siblings here have a right to, and of what they were charged. */
  share: number;
  part: number;
  /** Part of the time in which jobs of it waited. Its part can only be held against its share when this is near 1. */
  wanting: number;
  submitted: number;
  done: number;
  failed: number;
  lost: number;
  coreHours: number;
  waitP50: number | null;
  waitP90: number | null;
  waitP99: number | null;
  waitMost: number | null;
}

export interface SiteResult {
  site: string;
  pilots: number;
  failedPilots: number;
  done: number;
  failed: number;
  /** Cores of pilots on average, and the part of them that jobs had. */
  cores: number;
  utilisation: number;
}

/** Where all jobs are at the end, also those from before the measurement. */
export interface Census {
  submitted: number;
  done: number;
  failed: number;
  running: number;
  waiting: number;
  /** Of a pilot that vanished; they will wait again. */
  lost: number;
}

/** What a simulation found. The same scenario with the same seed always finds the same. */
export interface Results {
  scenario: string;
  seed: number;
  days: number;
  measuredDays: number;
  jobs: Census;
  entities: EntityResult[];
  sites: SiteResult[];
  series: Series;
}

export type Findings = Omit<Results, 'entities' | 'sites'>;

/** The entities and sites of a measurement. */
export function resultsOf(findings: Findings, measured: Measurements, configuration: Configuration): Results {
  const seconds = findings.measuredDays * 86_400;
  const sites = [...measured.sites.values()].map(({ pilotCoreSeconds, jobCoreSeconds, ...site }) => ({
    ...site,
    cores: round(pilotCoreSeconds / seconds, 1),
    utilisation: pilotCoreSeconds === 0 ? 0 : round(jobCoreSeconds / pilotCoreSeconds, 4),
  }));
  const { jobs, series, ...head } = findings;
  const entities = entitiesOf([...measured.owners.values()], series, configuration);
  return { ...head, jobs, entities, sites: sites.toSorted((a, b) => (a.site < b.site ? -1 : 1)), series };
}

function entitiesOf(owners: readonly OwnerTally[], series: Series, configuration: Configuration): EntityResult[] {
  const levels = [
    { level: 'vo', nameOf: ({ vo }: OwnerTally) => vo, above: () => '' },
    { level: 'group', nameOf: ({ vo, group }: OwnerTally) => `${vo}/${group}`, above: ({ vo }: OwnerTally) => vo },
    {
      level: 'owner',
      nameOf: ({ vo, group, owner }: OwnerTally) => `${vo}/${group}/${owner}`,
      above: ({ vo, group }: OwnerTally) => `${vo}/${group}`,
    },
  ] as const;
  return levels.flatMap(({ level, nameOf, above }, depth) => {
    const members = groupBy(owners, nameOf);
    const rows = [...members].map(([name, tallies]) => {
      const [first] = tallies;
      if (first === undefined) throw new Error(`${name} has no owner`);
      const share = sharesOf(configuration, { ...first, ownerSubject: first.owner })[depth] ?? 1;
      return { name, parent: above(first), share, tally: sumOf(tallies) };
    });
    const siblings = groupBy(rows, ({ parent }) => parent);
    return rows
      .map(({ name, parent, share, tally }) => {
        const all = siblings.get(parent) ?? [];
        const shares = all.reduce((sum, one) => sum + one.share, 0);
        const charged = all.reduce((sum, one) => sum + one.tally.charged, 0);
        const part = charged === 0 ? 0 : round(tally.charged / charged, 4);
        return {
          level,
          name,
          share: round(share / shares, 4),
          part,
          wanting: wanting(name, series),
          ...figures(tally),
        };
      })
      .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  });
}

function wanting(name: string, { waiting }: Series): number {
  const lines = Object.entries(waiting).filter(([owner]) => owner === name || owner.startsWith(`${name}/`));
  const times = lines[0]?.[1].length ?? 0;
  if (times === 0) return 0;
  const any = Array.from({ length: times }, (_, at) => lines.some(([, line]) => (line[at] ?? 0) > 0));
  return round(any.filter(Boolean).length / times, 4);
}

function figures(tally: OwnerTally) {
  const { submitted, done, failed, lost, coreSeconds, waits } = tally;
  const at = (part: number): number | null => rounded(waits.percentile(part));
  return {
    submitted,
    done,
    failed,
    lost,
    coreHours: round(coreSeconds / 3_600, 1),
    waitP50: at(0.5),
    waitP90: at(0.9),
    waitP99: at(0.99),
    waitMost: rounded(waits.largest),
  };
}

function sumOf(tallies: readonly OwnerTally[]): OwnerTally {
  const sum = { submitted: 0, started: 0, done: 0, failed: 0, lost: 0, charged: 0, coreSeconds: 0 };
  const waits = new Histogram();
  for (const tally of tallies) {
    for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += tally[key];
    waits.addAll(tally.waits);
  }
  return { vo: '', group: '', owner: '', ...sum, waits };
}

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item)) ?? [];
    group.push(item);
    groups.set(keyOf(item), group);
  }
  return groups;
}

function rounded(seconds: number | null): number | null {
  return seconds === null ? null : round(seconds, 1);
}

function round(value: number, digits: number): number {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}
