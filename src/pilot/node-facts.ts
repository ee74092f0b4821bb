/** The environment of the pilot. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** One platform name of `/etc/os-release` and the architecture, like `x86_64-debian12` or `aarch64-almalinux9`. */
export function platformOf(osRelease: string, architecture: string): string {
  const field = (name: string): string => new RegExp(`^${name}="?([^"\n]*)"?$`, 'm').exec(osRelease)?.[1] ?? '';
  const major = field('VERSION_ID').split('.')[0] ?? '';
  return `${machineName(architecture)}-${field('ID') || 'linux'}${major}`;
}

/** The kernel's name of a Node architecture. */
export function machineName(architecture: string): string {
  return { x64: 'x86_64', arm64: 'aarch64', ia32: 'i686' }[architecture] ?? architecture;
}

/** MB (10^6 bytes) of a field of /proc/meminfo, which counts in KiB. */
export function memoryField(meminfo: string, field: string): number | undefined {
  const kib = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(meminfo)?.[1];
  return kib === undefined ? undefined : Math.floor((Number(kib) * 1024) / 1e6);
}

/** The folders of a process's cgroup: of version 2 under `''`, of version 1 by controller. */
export function cgroupPaths(procCgroup: string): Map<string, string> {
  const paths = new Map<string, string>();
  for (const line of procCgroup.split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) continue;
    for (const controller of controllers.split(',')) paths.set(controller, path);
  }
  return paths;
}

/** Cores of `cpu.max` ("200000 100000"); undefined without a limit. */
export function coresOfCpuMax(cpuMax: string): number | undefined {
  const [quota, period] = cpuMax.trim().split(/\s+/).map(Number);
  return coresOfQuota(quota, period);
}

/** Cores of version 1's quota and period in microseconds; undefined without a limit (quota -1). */
export function coresOfQuota(quota: number | undefined, period: number | undefined): number | undefined {
  if (quota === undefined || period === undefined || !(quota > 0) || !(period > 0)) return undefined;
  return Math.max(1, Math.floor(quota / period));
}

/** MB of a memory limit in bytes; undefined for "max" and for version 1's huge "no limit". */
export function memoryLimit(text: string): number | undefined {
  const bytes = Number(text.trim());
  return Number.isFinite(bytes) && bytes > 0 && bytes < 2 ** 60 ? Math.floor(bytes / 1e6) : undefined;
}

/** The number of CPUs in a list like `0-3,8,10-11`. */
export function cpuListLength(list: string): number {
  return list
    .trim()
    .split(',')
    .filter((range) => range !== '')
    .map((range) => range.split('-').map(Number))
    .reduce((sum, [first = 0, last = first]) => sum + last - first + 1, 0);
}

/** CPUs that the process may run on, from /proc/self/status. */
export function allowedCpus(procStatus: string): number | undefined {
  const list = /^Cpus_allowed_list:\s+(.+)$/m.exec(procStatus)?.[1];
  return list === undefined ? undefined : cpuListLength(list);
}

/** What the batch system gave to this pilot, as far as it says so. Memory in MB. */
export interface Allocation {
  system: string;
  job: string;
  processors?: number;
  memory?: number;
  gpus?: number;
}

/** Reads the allocation from the variables that batch systems set. */
export function allocationOf(environment: Environment): Allocation {
  const number = (name: string): number | undefined => {
    const value = Number(environment[name]);
    return environment[name] === undefined || !Number.isInteger(value) || value < 1 ? undefined : value;
  };
  const found = (system: string, job: string | undefined, rest: Partial<Allocation>): Allocation => ({
    system,
    job: job ?? '',
    ...(Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)) as Partial<Allocation>),
  });
  if (environment['SLURM_JOB_ID'] !== undefined) {
    const processors =
      number('SLURM_CPUS_PER_TASK') ?? number('SLURM_CPUS_ON_NODE') ?? number('SLURM_JOB_CPUS_PER_NODE');
    const perNode = number('SLURM_MEM_PER_NODE');
    const perCpu = number('SLURM_MEM_PER_CPU');
    const mebibytes = perNode ?? (perCpu === undefined ? undefined : perCpu * (processors ?? 1));
    const memory = mebibytes === undefined ? undefined : Math.floor((mebibytes * 1024 ** 2) / 1e6);
    return found('SLURM', environment['SLURM_JOB_ID'], { processors, memory, gpus: number('SLURM_GPUS_ON_NODE') });
  }
  if (environment['_CONDOR_SCRATCH_DIR'] !== undefined) {
    return found('HTCondor', environment['_CONDOR_JOB_ID'], { processors: number('OMP_NUM_THREADS') });
  }
  if (environment['PBS_JOBID'] !== undefined) {
    return found('PBS', environment['PBS_JOBID'], {
      processors: number('PBS_NUM_PPN') ?? number('NCPUS') ?? number('PBS_NP'),
    });
  }
  if (environment['LSB_JOBID'] !== undefined) {
    return found('LSF', environment['LSB_JOBID'], { processors: number('LSB_DJOB_NUMPROC') });
  }
  if (environment['OAR_JOB_ID'] !== undefined) return found('OAR', environment['OAR_JOB_ID'], {});
  if (environment['JOB_ID'] !== undefined && environment['SGE_ROOT'] !== undefined) {
    return found('SGE', environment['JOB_ID'], { processors: number('NSLOTS') });
  }
  return found('', undefined, {});
}

/** The machine's share in HTCondor's machine ad ($_CONDOR_MACHINE_AD): Cpus, Memory in MiB, GPUs. */
export function allocationOfMachineAd(ad: string): Partial<Allocation> {
  const number = (name: string): number | undefined => {
    const text = new RegExp(`^${name} = (\\d+)`, 'im').exec(ad)?.[1];
    return text === undefined ? undefined : Number(text);
  };
  const [processors, mebibytes, gpus] = [number('Cpus'), number('Memory'), number('GPUs')];
  return {
    ...(processors === undefined ? {} : { processors }),
    ...(mebibytes === undefined ? {} : { memory: Math.floor((mebibytes * 1024 ** 2) / 1e6) }),
    ...(gpus === undefined ? {} : { gpus }),
  };
}

/** The smallest of the numbers that are known. */
export function least(...numbers: (number | undefined)[]): number | undefined {
  const known = numbers.filter((number) => number !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
