import type { Configuration, VirtualOrganisation } from '../../configuration/index.js';
import type { JobDescription } from '../../contract/index.js';
import { isAny } from '../task-queues/requirements.js';

/** What the configuration says about the jobs of one VO. */
export interface JobRules {
  vo: string;
  limits: VirtualOrganisation['jobs'];
  /** Names of the sites, in lower case: names compare in any case. */
  sites: ReadonlySet<string>;
}

/** What is wrong with one key of a description. */
export interface KeyFinding {
  key: keyof JobDescription;
  message: string;
  code?: 'needs-catalogue';
}

/** The rules for the jobs of a VO of the configuration. */
export function rulesOf(document: Configuration, vo: string, limits: VirtualOrganisation['jobs']): JobRules {
  return { vo, limits, sites: new Set(Object.keys(document.sites).map((site) => site.toLowerCase())) };
}

/** Fills what the configuration decides: priority, CPU work, and the spelling of the job type. `ANY` is no site. Pure. */
export function complete(description: JobDescription, { limits }: JobRules): JobDescription {
  const type = limits.job_types.find((known) => known.toLowerCase() === description.job_type.toLowerCase());
  const anywhere = description.sites.some(isAny);
  return {
    ...description,
    job_type: type ?? description.job_type,
    priority: description.priority ?? limits.default_priority,
    cpu_work: description.cpu_work ?? limits.default_cpu_work,
    sites: anywhere ? [] : description.sites,
  };
}

/** Everything in a completed description that the configuration of the VO does not allow. Pure. */
export function checkLimits(description: JobDescription, rules: JobRules): KeyFinding[] {
  return [
    ...checkNumbers(description, rules),
    ...checkMemory(description),
    ...checkNames(description, rules),
    ...checkTags(description),
    ...checkSandboxes(description),
    ...checkData(description, rules),
  ];
}

function checkNumbers(description: JobDescription, { limits }: JobRules): KeyFinding[] {
  const { min_priority, max_priority, min_cpu_work, max_cpu_work, max_wall_time } = limits;
  return [
    ...outside('priority', description.priority, [min_priority, max_priority]),
    ...outside('cpu_work', description.cpu_work, [min_cpu_work, max_cpu_work]),
    ...outside('wall_time', description.wall_time, [1, max_wall_time]),
  ];
}

function outside(key: keyof JobDescription, value: number | undefined, [least, most]: [number, number]): KeyFinding[] {
  if (value === undefined || (value >= least && value <= most)) return [];
  return [{ key, message: `${value} is outside ${least} to ${most}` }];
}

function checkMemory({ min_ram, max_ram }: JobDescription): KeyFinding[] {
  if (max_ram === undefined) return [];
  if (max_ram < 64) {
    return [{ key: 'max_ram', message: `memory is in MB; ${max_ram} GB are written ${max_ram * 1000}` }];
  }
  if (min_ram === undefined || min_ram <= max_ram) return [];
  return [{ key: 'max_ram', message: `the most (${max_ram} MB) is below the least (${min_ram} MB)` }];
}

function checkNames(description: JobDescription, { limits, sites }: JobRules): KeyFinding[] {
  const findings: KeyFinding[] = [];
  if (!limits.job_types.includes(description.job_type)) {
    const known = limits.job_types.join(', ');
    findings.push({ key: 'job_type', message: `${description.job_type} is no job type; known are ${known}` });
  }
  // A ban of a site that does not exist keeps its promise; only wanted sites must be known.
  const unknown = description.sites.filter((site) => !isAny(site) && !sites.has(site.toLowerCase()));
  if (unknown.length > 0) findings.push({ key: 'sites', message: `not known: ${unknown.slice(0, 10).join(', ')}` });
  return findings;
}

/** Pilots offer tags of at most 64 characters, so a longer one would wait for ever. */
function checkTags({ tags }: JobDescription): KeyFinding[] {
  return tags.flatMap((tag): KeyFinding[] => {
    const number = /^(\d+)(GB|Processors)$/i.exec(tag);
    if (number !== null) {
      const written =
        number[2]?.toUpperCase() === 'GB' ? `min_ram: ${Number(number[1]) * 1000}` : `min_processors: ${number[1]}`;
      return [{ key: 'tags', message: `${tag} is a number; write ${written}` }];
    }
    return /^\S{1,64}$/.test(tag)
      ? []
      : [{ key: 'tags', message: `${tag.slice(0, 80)} is no tag: at most 64 characters, no blanks` }];
  });
}

function checkSandboxes({ input_sandbox }: JobDescription): KeyFinding[] {
  return input_sandbox.flatMap((item): KeyFinding[] => {
    if (item.startsWith('SB:')) return [];
    if (item.startsWith('LFN:')) {
      return [{ key: 'input_sandbox', message: `${item} needs a file catalogue`, code: 'needs-catalogue' }];
    }
    const message = `${item} is a local file; the client uploads those as a sandbox and sends its SB: name (dsub does)`;
    return [{ key: 'input_sandbox', message }];
  });
}

/** There is no catalogue yet: what would need one is checked and then refused, never accepted and ignored. */
function checkData(description: JobDescription, { limits, vo }: JobRules): KeyFinding[] {
  const findings: KeyFinding[] = [];
  const { input_data: inputs } = description;
  if (inputs.length > limits.max_input_data) {
    findings.push({ key: 'input_data', message: `${inputs.length} files are more than ${limits.max_input_data}` });
  }
  const foreign = inputs.find((lfn) => !lfn.toLowerCase().startsWith(`lfn:/${vo.toLowerCase()}/`));
  if (foreign !== undefined) findings.push({ key: 'input_data', message: `${foreign} is not below /${vo}/` });
  for (const key of ['input_data', 'output_data', 'output_se'] as const) {
    if (description[key].length > 0) findings.push({ key, message: 'needs a file catalogue', code: 'needs-catalogue' });
  }
  return findings;
}
