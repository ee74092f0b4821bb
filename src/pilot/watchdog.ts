import { minor } from '../contract/index.js';

/** What a payload uses at one moment. Times in seconds since its start, memory and disk in MB. */
export interface Sample {
  wall: number;
  cpu: number;
  memory: number;
  diskFree: number;
}

/** What a payload may use. A limit that is absent is not enforced. */
export interface Limits {
  /** Seconds after its start at which the payload must have ended. */
  wall?: number;
  /** CPU seconds of all its cores together. */
  cpu?: number;
  memory?: number;
  /** MB that must stay free where it runs. */
  diskFree: number;
  /** Window in which CPU must be used, seconds; 0 or absent switches the check off. */
  stalledWindow?: number;
}

/** Why the watchdog ends a payload: the minor state, and a sentence with numbers. */
export interface Verdict {
  minor: string;
  detail: string;
}

/** CPU time over wall time below which a payload counts as stalled. */
const leastCpuRatio = 0.05;

/** Judges the samples of one payload. Pure: it knows only what it is shown. */
export class Watchdog {
  private windowStart: { wall: number; cpu: number } = { wall: 0, cpu: 0 };

  constructor(private readonly limits: Limits) {}

  /** The first limit that is exceeded, or undefined. */
  judge(sample: Sample): Verdict | undefined {
    const { wall, cpu, memory, diskFree } = this.limits;
    const verdict = (name: string, detail: string): Verdict => ({ minor: name, detail });
    if (wall !== undefined && sample.wall > wall) {
      return verdict(minor.wallClock, `ran ${sample.wall.toFixed(0)} s, limit ${wall.toFixed(0)} s`);
    }
    if (cpu !== undefined && sample.cpu > cpu) {
      return verdict(minor.cpuLimit, `used ${sample.cpu.toFixed(0)} s of CPU, limit ${cpu.toFixed(0)} s`);
    }
    if (memory !== undefined && sample.memory > memory) {
      return verdict(minor.memory, `used ${sample.memory.toFixed(0)} MB, limit ${memory.toFixed(0)} MB`);
    }
    if (sample.diskFree < diskFree) {
      return verdict(minor.diskSpace, `${sample.diskFree.toFixed(0)} MB free, ${diskFree} MB needed`);
    }
    return this.judgeProgress(sample);
  }

  private judgeProgress({ wall, cpu }: Sample): Verdict | undefined {
    const length = this.limits.stalledWindow ?? 0;
    const passed = wall - this.windowStart.wall;
    if (length === 0 || passed < length) return undefined;
    const ratio = (cpu - this.windowStart.cpu) / passed;
    this.windowStart = { wall, cpu };
    if (ratio >= leastCpuRatio) return undefined;
    return { minor: minor.noProgress, detail: `used ${(ratio * 100).toFixed(1)} % CPU over ${passed.toFixed(0)} s` };
  }
}
