import { readdirSync, readFileSync } from 'node:fs';

/** One line of /proc: memory in bytes, CPU in clock ticks (a hundredth of a second). */
export interface ProcessRow {
  pid: number;
  parent: number;
  group: number;
  session: number;
  /** Own CPU and that of children that were waited for. */
  ticks: number;
  resident: number;
  virtual: number;
  zombie: boolean;
}

const pageSize = 4096;
const ticksPerSecond = 100;

/** Reads one line of /proc/<pid>/stat. The name may hold blanks and brackets, so fields count from the last bracket. */
export function parseStat(text: string): ProcessRow | undefined {
  const open = text.indexOf(' (');
  const close = text.lastIndexOf(') ');
  if (open === -1 || close === -1) return undefined;
  const fields = text.slice(close + 2).split(' ');
  const number = (index: number): number => Number(fields[index - 3] ?? 0);
  return {
    pid: Number(text.slice(0, open)),
    parent: number(4),
    group: number(5),
    session: number(6),
    ticks: number(14) + number(15) + number(16) + number(17),
    resident: number(24) * pageSize,
    virtual: number(23),
    zombie: fields[0] === 'Z' || fields[0] === 'X',
  };
}

/** All processes that this user can see. */
export function processTable(): ProcessRow[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readProc(`/proc/${name}/stat`))
    .map((text) => (text === undefined ? undefined : parseStat(text)))
    .filter((row) => row !== undefined);
}

/** The root, its descendants, and everything in its session or group: a payload and all it started. */
export function familyOf(root: number, table: readonly ProcessRow[]): ProcessRow[] {
  const children = new Map<number, ProcessRow[]>();
  for (const row of table) children.set(row.parent, [...(children.get(row.parent) ?? []), row]);
  const family = new Map(
    table.filter((row) => row.pid === root || row.session === root || row.group === root).map((row) => [row.pid, row]),
  );
  const queue = [...family.values()];
  for (let row = queue.pop(); row !== undefined; row = queue.pop()) {
    for (const child of children.get(row.pid) ?? []) {
      if (!family.has(child.pid)) {
        family.set(child.pid, child);
        queue.push(child);
      }
    }
  }
  return [...family.values()];
}

/** What a payload uses: CPU in seconds, memory in MB. */
export interface Usage {
  cpu: number;
  memory: number;
  virtual: number;
}

export function usageOf(family: readonly ProcessRow[]): Usage {
  const sum = (pick: (row: ProcessRow) => number): number => family.reduce((total, row) => total + pick(row), 0);
  return {
    cpu: sum((row) => row.ticks) / ticksPerSecond,
    memory: sum((row) => row.resident) / 1e6,
    virtual: sum((row) => row.virtual) / 1e6,
  };
}

/** MB that a family really takes, shared pages counted once; undefined where the kernel does not tell. */
export function proportionalMemory(family: readonly ProcessRow[]): number | undefined {
  let total = 0;
  for (const { pid } of family) {
    const text = readProc(`/proc/${pid}/smaps_rollup`);
    const kib = text === undefined ? undefined : /^Pss:\s+(\d+) kB/m.exec(text)?.[1];
    if (kib !== undefined) total += Number(kib) * 1024;
  }
  return total === 0 ? undefined : total / 1e6;
}

/** Processes whose environment holds `NAME=value`: what a payload started, even in a session of its own. */
export function markedProcesses(marker: string): number[] {
  return processTable()
    .filter(({ zombie }) => !zombie)
    .map(({ pid }) => pid)
    .filter((pid) => readProc(`/proc/${pid}/environ`)?.split('\0').includes(marker) === true);
}

/** Sends a signal; a process that is gone already is no error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!['ESRCH', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

/** Text of a file of /proc; undefined when the process ended meanwhile or belongs to somebody else. */
function readProc(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return undefined;
  }
}
