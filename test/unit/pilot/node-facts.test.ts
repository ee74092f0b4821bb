import { describe, expect, it } from '@jest/globals';
import {
  allocationOf,
  allocationOfMachineAd,
  allowedCpus,
  cgroupPaths,
  coresOfCpuMax,
  coresOfQuota,
  cpuListLength,
  least,
  memoryField,
  memoryLimit,
  platformOf,
} from '../../../src/pilot/node-facts.js';

describe('what a node says of itself', () => {
  it('gives a platform name of architecture and distribution', () => {
    expect(platformOf('NAME="AlmaLinux"\nID="almalinux"\nVERSION_ID="9.4"\n', 'arm64')).toBe('aarch64-almalinux9');
    expect(platformOf('ID=debian\nVERSION_ID="12"\n', 'x64')).toBe('x86_64-debian12');
    expect(platformOf('', 'riscv64')).toBe('riscv64-linux');
  });

  it('counts memory in MB of 10^6 bytes', () => {
    const meminfo = 'MemTotal:       16384000 kB\nMemFree:          100000 kB\n';
    expect(memoryField(meminfo, 'MemTotal')).toBe(16777);
    expect(memoryField(meminfo, 'SwapTotal')).toBeUndefined();
    expect(memoryLimit('2147483648\n')).toBe(2147);
    expect(memoryLimit('max\n')).toBeUndefined();
    expect(memoryLimit('9223372036854771712\n')).toBeUndefined();
  });

  it('knows the limits of cgroups of both versions', () => {
    expect(coresOfCpuMax('250000 100000\n')).toBe(2);
    expect(coresOfCpuMax('50000 100000\n')).toBe(1);
    expect(coresOfCpuMax('max 100000\n')).toBeUndefined();
    expect(coresOfQuota(-1, 100_000)).toBeUndefined();
    const paths = cgroupPaths('4:memory:/slurm/job_1\n3:cpu,cpuacct:/slurm\n0::/system.slice\n');
    expect([paths.get('memory'), paths.get('cpuacct'), paths.get('')]).toEqual([
      '/slurm/job_1',
      '/slurm',
      '/system.slice',
    ]);
  });

  it('counts the CPUs that the process may use', () => {
    expect(cpuListLength('0-3,8,10-11')).toBe(7);
    expect(allowedCpus('Name:\tnode\nCpus_allowed_list:\t0-1\n')).toBe(2);
    expect(allowedCpus('Name:\tnode\n')).toBeUndefined();
  });

  it.each([
    [
      { SLURM_JOB_ID: '7', SLURM_CPUS_PER_TASK: '4', SLURM_MEM_PER_CPU: '2000' },
      { system: 'SLURM', job: '7', processors: 4, memory: 8388 },
    ],
    [
      { SLURM_JOB_ID: '7', SLURM_CPUS_ON_NODE: '8', SLURM_MEM_PER_NODE: '1000' },
      { system: 'SLURM', job: '7', processors: 8, memory: 1048 },
    ],
    [
      { JOB_ID: '3', SGE_ROOT: '/sge', NSLOTS: '2' },
      { system: 'SGE', job: '3', processors: 2 },
    ],
    [
      { PBS_JOBID: '3.host', PBS_NUM_PPN: '6' },
      { system: 'PBS', job: '3.host', processors: 6 },
    ],
    [{ JOB_ID: 'not a batch job' }, { system: '', job: '' }],
  ])('reads the allocation of a batch system from %j', (environment, allocation) => {
    expect(allocationOf(environment)).toEqual(allocation);
  });

  it('reads the machine ad of HTCondor', () => {
    expect(allocationOfMachineAd('Cpus = 8\nMemory = 16000\nTotalCpus = 64\nGPUs = 1\n')).toEqual({
      processors: 8,
      memory: 16777,
      gpus: 1,
    });
    expect(allocationOfMachineAd('')).toEqual({});
  });

  it('takes the smallest of the limits that are known', () => {
    expect(least(undefined, 4, 2, undefined)).toBe(2);
    expect(least(undefined)).toBeUndefined();
  });
});
