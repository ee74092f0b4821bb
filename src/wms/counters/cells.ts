/** What jobs are told apart by when they are counted, by the columns of `jobs`. */
export interface Cell {
  vo: string;
  owner: string;
  owner_subject: string;
  owner_group: string;
  job_group: string;
  job_type: string;
  site: string;
  status: string;
}

/** The columns of a {@link Cell}, in the order of the tables. */
export const cellColumns = [
  'vo',
  'owner',
  'owner_subject',
  'owner_group',
  'job_group',
  'job_type',
  'site',
  'status',
] as const satisfies readonly (keyof Cell)[];

export type CellColumn = (typeof cellColumns)[number];

/**
 * The tables of counts, the smallest first: what each tells apart. Portals ask for totals by state, of a site or of an owner:
 * hundreds of rows, however many jobs there are. `cell` holds all columns; its size grows with owners × job groups × sites.
 */
export const grains = {
  site: ['vo', 'site', 'status'],
  owner: ['vo', 'owner', 'owner_subject', 'owner_group', 'status'],
  cell: cellColumns,
} as const satisfies Record<string, readonly CellColumn[]>;
export type Grain = keyof typeof grains;

/** The smallest grain that tells these columns apart. */
export function grainFor(columns: Iterable<CellColumn>): Grain {
  const wanted = [...columns];
  const names = Object.keys(grains) as Grain[];
  return names.find((name) => wanted.every((column) => (grains[name] as readonly string[]).includes(column))) ?? 'cell';
}

/** So many jobs more (or fewer) in a cell. */
export interface CountChange {
  cell: Cell;
  jobs: number;
}

/** The changes of each cell as one, those that come to nothing left out. Pure. */
export function sumUp(changes: readonly CountChange[]): CountChange[] {
  const sums = new Map<string, CountChange>();
  for (const { cell, jobs } of changes) {
    const { vo, owner, owner_subject, owner_group, job_group, job_type, site, status } = cell;
    const key = `${vo}\n${owner}\n${owner_subject}\n${owner_group}\n${job_group}\n${job_type}\n${site}\n${status}`;
    const sum = sums.get(key);
    if (sum === undefined) sums.set(key, { cell, jobs });
    else sum.jobs += jobs;
  }
  return [...sums.values()].filter(({ jobs }) => jobs !== 0);
}

/** A job that goes from one cell to another; nothing when it stays. Pure. */
export function moveBetween(before: Cell, after: Cell): CountChange[] {
  if (cellColumns.every((column) => before[column] === after[column])) return [];
  return [
    { cell: before, jobs: -1 },
    { cell: after, jobs: 1 },
  ];
}
