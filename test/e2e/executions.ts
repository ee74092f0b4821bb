import { readFileSync } from 'node:fs';

/** One execution as the payload itself wrote it down: milliseconds since 1970. */
export interface Execution {
  job: number;
  attempt: number;
  start: number;
  /** The last sign of life. */
  last: number;
  ended: boolean;
}

/**
 * A payload that writes its start, a sign of life every 100 ms and its end into `file`, for `seconds`. The file is
 * appended to by single short writes, which do not mix.
 */
export function recordingJob(file: string, seconds: number): object {
  const mark = (what: string): string => `echo "$PILOTAGE_JOB_ID $PILOTAGE_ATTEMPT ${what} $(date +%s%3N)" >>${file}`;
  const script = `${mark('start')}; n=0; while [ $n -lt ${seconds * 10} ]; do sleep 0.1; ${mark('alive')}; n=$((n+1)); done; ${mark('end')}`;
  return { executable: '/bin/sh', arguments: `-c '${script}'`, job_name: 'recording', cpu_work: 1000 };
}

/** What the payloads wrote, one entry for each attempt that began. */
export function readExecutions(file: string): Execution[] {
  const executions = new Map<string, Execution>();
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const [job, attempt, what, time] = line.split(' ');
    if (time === undefined) continue;
    const key = `${job}/${attempt}`;
    const at = Number(time);
    const known = executions.get(key) ?? {
      job: Number(job),
      attempt: Number(attempt),
      start: at,
      last: at,
      ended: false,
    };
    executions.set(key, {
      ...known,
      start: Math.min(known.start, at),
      last: Math.max(known.last, at),
      ended: known.ended || what === 'end',
    });
  }
  return [...executions.values()];
}

/** Pairs of executions of one job that overlapped in time, as sentences; empty is what we promise. */
export function overlaps(executions: Execution[]): string[] {
  const found: string[] = [];
  for (const a of executions) {
    for (const b of executions) {
      if (a.job === b.job && a.attempt < b.attempt && a.start <= b.last && b.start <= a.last) {
        found.push(`job ${a.job}: attempts ${a.attempt} (until ${a.last}) and ${b.attempt} (from ${b.start})`);
      }
    }
  }
  return found;
}
