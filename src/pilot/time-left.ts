import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { seconds } from './clock.js';
import type { PilotConfig } from './config.js';

/** What a batch system says of the pilot's own job. All in seconds; `cpuLimit` counts all cores together. */
export interface BatchUsage {
  cpu: number;
  cpuLimit: number;
  wall: number;
  wallLimit: number;
  /** Which of the two the batch system limits. */
  unit: 'wall' | 'cpu';
}

/** Seconds of `MM:SS`, `HH:MM:SS` or `D-HH:MM:SS`; undefined for UNLIMITED and what is no time. */
export function slurmSeconds(text: string): number | undefined {
  const [, days = '0', clock] = /^(?:(\d+)-)?([\d:]+)$/.exec(text.trim()) ?? [];
  if (clock === undefined) return undefined;
  const parts = clock.split(':').map(Number);
  const [second = 0, minute = 0, hour = 0] = parts.toReversed();
  return ((Number(days) * 24 + hour) * 60 + minute) * 60 + second;
}

/** Reads a line of `sacct -n -P -o JobID,CPUTimeRAW,AllocCPUS,ElapsedRaw,Timelimit` with commas or bars. */
export function usageOfSacct(line: string): BatchUsage | undefined {
  const [, cpu, cpus, elapsed, limit] = line.trim().split(/[,|]/);
  const wallLimit = limit === undefined ? undefined : slurmSeconds(limit);
  if (cpu === undefined || cpus === undefined || elapsed === undefined || wallLimit === undefined) return undefined;
  const cpuLimit = wallLimit * Number(cpus);
  return { cpu: Number(cpu), cpuLimit, wall: Number(elapsed), wallLimit, unit: 'wall' };
}

/** Seconds that stand for "no limit known". */
const unlimited = 10 * 365 * 24 * 3600;

/** How much wall time the pilot has. Asked once from the batch system at the start, then counted down by the own clock. */
export class TimeLeft {
  private constructor(
    private readonly endsAt: number,
    /** False when no limit is known. */
    readonly limited: boolean,
  ) {}

  static async find(config: PilotConfig): Promise<TimeLeft> {
    const now = seconds();
    const left = [config.wallLimit, endTimeOf(config.environment), await slurmLeft(config.environment)];
    const known = left.filter((value) => value !== undefined);
    return new TimeLeft(now + Math.min(unlimited, ...known), known.length > 0);
  }

  /** Seconds left; 0 when the time is over. */
  get wall(): number {
    return Math.max(0, this.endsAt - seconds());
  }
}

/** Seconds until the end that the batch system wrote into the environment (Slurm; Unix time). */
function endTimeOf(environment: PilotConfig['environment']): number | undefined {
  const end = Number(environment['SLURM_JOB_END_TIME']);
  return Number.isFinite(end) && end > 0 ? Math.max(0, end - Date.now() / 1000) : undefined;
}

async function slurmLeft(environment: PilotConfig['environment']): Promise<number | undefined> {
  const job = environment['SLURM_JOB_ID'];
  if (job === undefined || environment['SLURM_JOB_END_TIME'] !== undefined) return undefined;
  try {
    const fields = 'JobID,CPUTimeRAW,AllocCPUS,ElapsedRaw,Timelimit';
    const { stdout } = await promisify(execFile)('sacct', ['-n', '-P', '-X', '-j', job, '-o', fields], {
      timeout: 30_000,
    });
    const usage = usageOfSacct(stdout.split('\n')[0] ?? '');
    return usage === undefined ? undefined : Math.max(0, usage.wallLimit - usage.wall);
  } catch {
    // Many worker nodes cannot ask; the limit is then not known.
    return undefined;
  }
}
