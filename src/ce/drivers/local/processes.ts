import { readdir, readFile, readlink } from 'node:fs/promises';

/** A process that cannot be mistaken for a later one with the same number: pid, start in clock ticks, boot. */
export interface ProcessName {
  pid: number;
  start: string;
  boot: string;
}

/** What `/proc/<pid>/stat` says of one process. */
export interface ProcessFacts {
  pid: number;
  parent: number;
  session: number;
  start: string;
  /** It has ended and only waits for its parent to look. */
  zombie: boolean;
}

/** Reads one line of `/proc/<pid>/stat`. The command in parentheses may hold spaces and parentheses itself. */
export function parseStat(line: string): ProcessFacts {
  const fields = line
    .slice(line.lastIndexOf(')') + 2)
    .trim()
    .split(' ');
  const number = (index: number): number => Number(fields[index]);
  return {
    pid: Number.parseInt(line, 10),
    parent: number(1),
    session: number(3),
    start: fields[19] ?? '',
    zombie: fields[0] === 'Z' || fields[0] === 'X',
  };
}

/** The boot of this machine. */
export async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
}

/** What is known of a process, or null when there is none (a zombie counts as none). */
export async function factsOf(pid: number): Promise<ProcessFacts | null> {
  try {
    const facts = parseStat(await readFile(`/proc/${pid}/stat`, 'utf8'));
    return facts.zombie ? null : facts;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return null;
    throw error;
  }
}

/** All processes of this machine, one look. */
export async function allProcesses(): Promise<ProcessFacts[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const facts = await Promise.all(pids.map((pid) => factsOf(Number(pid))));
  return facts.filter((each) => each !== null);
}

/** Processes that work below a folder, whoever started them. */
export async function workingBelow(folder: string, processes: readonly ProcessFacts[]): Promise<ProcessFacts[]> {
  const where = async ({ pid }: ProcessFacts): Promise<string> => {
    try {
      return await readlink(`/proc/${pid}/cwd`);
    } catch (error) {
      // Gone meanwhile, or somebody else's.
      if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return '';
      throw error;
    }
  };
  const folders = await Promise.all(processes.map(where));
  return processes.filter((_, index) => folders[index]?.startsWith(`${folder}/`));
}

/** The leader of a session and everything that it started: members of its session, and descendants in other sessions. */
export function familyOf(leader: ProcessName, boot: string, processes: readonly ProcessFacts[]): ProcessFacts[] {
  if (leader.boot !== boot) return [];
  const holder = processes.find(({ pid }) => pid === leader.pid);
  if (holder !== undefined && holder.start !== leader.start) return [];
  const family = new Map<number, ProcessFacts>();
  let grown = processes.filter(({ pid, session }) => pid === leader.pid || session === leader.pid);
  while (grown.length > 0) {
    for (const member of grown) family.set(member.pid, member);
    grown = processes.filter(({ pid, parent }) => family.has(parent) && !family.has(pid));
  }
  return [...family.values()];
}

/** Signals the processes that are still the ones meant. Returns how many were there. */
export async function signal(family: readonly ProcessFacts[], name: 'SIGTERM' | 'SIGKILL'): Promise<number> {
  let reached = 0;
  for (const { pid, start } of family) {
    if ((await factsOf(pid))?.start !== start) continue;
    try {
      process.kill(pid, name);
      reached += 1;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
  return reached;
}
