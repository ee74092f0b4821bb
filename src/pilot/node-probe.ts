import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statfsSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import type { PilotConfig } from './config.js';
import {
  allocationOf,
  allocationOfMachineAd,
  allowedCpus,
  cgroupPaths,
  coresOfCpuMax,
  coresOfQuota,
} from './node-facts.js';
import { least, machineName, memoryField, memoryLimit, platformOf } from './node-facts.js';

/** What the pilot found on its node: what it may use, not what the machine has. Memory and disk in MB. */
export interface Node {
  hostname: string;
  platform: string;
  architecture: string;
  processors: number;
  memory: number;
  gpus: number;
  disk: number;
  cpuModel: string;
  batchSystem: string;
  batchJob: string;
  account: string;
}

/** Looks at the node. Settings win over everything; else the smallest of machine, affinity, cgroup and batch allocation. */
export function probeNode(config: PilotConfig): Node {
  const allocation = {
    ...allocationOf(config.environment),
    ...allocationOfMachineAd(read(config.environment['_CONDOR_MACHINE_AD']) ?? ''),
  };
  const cgroup = cgroupLimits();
  const processors = least(
    os.availableParallelism(),
    allowedCpus(read('/proc/self/status') ?? ''),
    cgroup.processors,
    allocation.processors,
  );
  const memory = least(memoryField(read('/proc/meminfo') ?? '', 'MemTotal'), cgroup.memory, allocation.memory);
  return {
    hostname: os.hostname(),
    platform: platformOf(read('/etc/os-release') ?? '', os.arch()),
    architecture: machineName(os.arch()),
    processors: Math.max(1, Math.floor(config.processors ?? processors ?? 1)),
    memory: Math.floor(config.memory ?? memory ?? Math.floor(os.totalmem() / 1e6)),
    gpus: Math.floor(config.gpus ?? least(countGpus(config.environment), allocation.gpus) ?? 0),
    disk: freeDisk(config.directory),
    cpuModel: cpuModel(),
    batchSystem: allocation.system,
    batchJob: allocation.job,
    account: os.userInfo().username,
  };
}

/** MB free for this user where the path lies. */
export function freeDisk(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return Math.floor((bavail * bsize) / 1e6);
}

function cpuModel(): string {
  const named = os.cpus()[0]?.model.trim();
  return (named === undefined || named === '' ? 'unknown' : named).slice(0, 255);
}

function read(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** Limits of the own cgroup and of all above it, versions 2 and 1. */
function cgroupLimits(): { processors?: number; memory?: number } {
  const paths = cgroupPaths(read('/proc/self/cgroup') ?? '');
  const levels = (root: string, controller: string): string[] => {
    const parts = (paths.get(controller) ?? '/').split('/').filter((part) => part !== '' && part !== '..');
    return Array.from({ length: parts.length + 1 }, (_, depth) => join(root, ...parts.slice(0, depth)));
  };
  const numbers = (file: string): number | undefined => (read(file) === undefined ? undefined : Number(read(file)));
  const unified = levels('/sys/fs/cgroup', '');
  const cpu = levels('/sys/fs/cgroup/cpu', 'cpu');
  const memory = levels('/sys/fs/cgroup/memory', 'memory');
  const processors = least(
    ...unified.map((folder) => coresOfCpuMax(read(join(folder, 'cpu.max')) ?? '')),
    ...cpu.map((folder) =>
      coresOfQuota(numbers(join(folder, 'cpu.cfs_quota_us')), numbers(join(folder, 'cpu.cfs_period_us'))),
    ),
  );
  const megabytes = least(
    ...unified.map((folder) => memoryLimit(read(join(folder, 'memory.max')) ?? '')),
    ...memory.map((folder) => memoryLimit(read(join(folder, 'memory.limit_in_bytes')) ?? '')),
  );
  return {
    ...(processors === undefined ? {} : { processors }),
    ...(megabytes === undefined ? {} : { memory: megabytes }),
  };
}

/** GPUs that the pilot may use: those that the batch system made visible, those that the driver lists, else devices. */
function countGpus(environment: PilotConfig['environment']): number {
  const visible = environment['CUDA_VISIBLE_DEVICES'];
  if (visible !== undefined) return visible.split(',').filter((id) => id.trim() !== '' && id.trim() !== '-1').length;
  try {
    const list = execFileSync('nvidia-smi', ['-L'], {
      encoding: 'utf8',
      timeout: 10_000,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return list.split('\n').filter((line) => /^GPU \d+:/.test(line)).length;
  } catch {
    return readdirSync('/dev').filter((name) => /^nvidia\d+$/.test(name)).length;
  }
}
