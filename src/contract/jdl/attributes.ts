import type { JobDescriptionInput } from '../job-description.js';
import {
  environment,
  exactProcessors,
  maximumMemory,
  parameters,
  parameterStep,
  processorBound,
  tags,
} from './attribute-readers.js';
import { dropped, flag, integer, names, text, type ReadAttribute } from './reading.js';

/** What a JDL attribute means: its JSON key (null: it is dropped), how to read it, and what to tell people. */
export interface JdlAttributeMeaning {
  name: string;
  /** Other names of the same attribute. */
  aliases?: readonly string[];
  key: keyof JobDescriptionInput | null;
  type: string;
  unit?: string;
  default: string;
  description: string;
  /** Whether the attribute takes a suffix, as in `Parameters.A`. */
  named?: boolean;
  read: ReadAttribute;
}

type Row = [name: string, key: JdlAttributeMeaning['key'], type: string, fallback: string, description: string];

function meaning(row: Row, read: ReadAttribute, more: Partial<JdlAttributeMeaning> = {}): JdlAttributeMeaning {
  const [name, key, type, fallback, description] = row;
  return { name, key, type, default: fallback, description, read, ...more };
}

const parametric = 'See "Parametric jobs"';
const fromToken = 'Dropped: it comes from the token';

/** The one table of JDL attributes: it drives the reading of a JDL and the page `docs/job-description.md`. */
export const jdlAttributes: readonly JdlAttributeMeaning[] = [
  meaning(
    [
      'Executable',
      'executable',
      'text',
      'needed',
      'Program to run: a file of the input sandbox, a program on PATH, or an absolute path',
    ],
    text('executable', true),
  ),
  meaning(
    ['Arguments', 'arguments', 'text', 'none', 'Arguments of the program, as on a command line'],
    text('arguments', true),
  ),
  meaning(['JobName', 'job_name', 'text', 'Unknown', 'Name of the job, at most 128 characters'], text('job_name')),
  meaning(
    ['JobType', 'job_type', 'text', 'User', 'Type of the job, one of those that the server allows'],
    text('job_type'),
  ),
  meaning(
    ['JobGroup', 'job_group', 'text', '00000000', 'Name that jobs have in common, at most 32 characters'],
    text('job_group'),
  ),
  meaning(
    [
      'Priority',
      'priority',
      'whole number',
      'set by the server',
      'Order among the jobs of one owner: 10 first, 0 in the background',
    ],
    integer('priority'),
  ),
  meaning(
    [
      'CPUTime',
      'cpu_work',
      'whole number',
      'set by the server',
      'CPU work that the job needs: seconds on a core of benchmark score 1',
    ],
    integer('cpu_work'),
    { unit: 'normalised s' },
  ),
  meaning(
    ['WallTime', 'wall_time', 'whole number', 'none', 'Time after which the job is stopped'],
    integer('wall_time'),
    { unit: 's' },
  ),
  meaning(
    ['Site', 'sites', 'list', 'any', 'Sites where the job may run; ANY is no condition'],
    names('sites', ['ANY']),
    { aliases: ['Sites'] },
  ),
  meaning(['BannedSites', 'banned_sites', 'list', 'none', 'Sites where the job may not run'], names('banned_sites'), {
    aliases: ['BannedSite'],
  }),
  meaning(['GridCE', 'ces', 'list', 'any', 'Computing elements where the job may run'], names('ces', ['ANY']), {
    aliases: ['GridRequiredCEs'],
  }),
  meaning(
    ['Platform', 'platforms', 'list', 'any', 'Platforms on which the job may run; ANY is no condition'],
    names('platforms', ['ANY']),
    { aliases: ['Platforms'] },
  ),
  meaning(
    [
      'NumberOfProcessors',
      'min_processors',
      'whole number',
      '1',
      'Exact number of processors; sets the minimum and the maximum',
    ],
    exactProcessors,
  ),
  meaning(
    ['MinNumberOfProcessors', 'min_processors', 'whole number', '1', 'Least number of processors'],
    processorBound('min_processors'),
  ),
  meaning(
    [
      'MaxNumberOfProcessors',
      'max_processors',
      'whole number',
      'none',
      'Largest number of processors that the job can use',
    ],
    processorBound('max_processors'),
  ),
  meaning(['WholeNode', 'whole_node', 'yes or no', 'no', 'The job gets a node for itself'], flag('whole_node')),
  meaning(
    ['MinRAM', 'min_ram', 'whole number', 'none', 'Memory that must be free where the job starts'],
    integer('min_ram'),
    { unit: 'MB' },
  ),
  meaning(
    [
      'MaxRAM',
      'max_ram',
      'whole number',
      'none',
      'Memory above which the job is stopped. Values below 64 are refused: they were GB once',
    ],
    maximumMemory,
    { unit: 'MB' },
  ),
  meaning(['GPUs', 'gpus', 'whole number', '0', 'Number of GPUs'], integer('gpus')),
  meaning(
    [
      'Tags',
      'tags',
      'list',
      'none',
      'Tags that the queue must offer. `4Processors`, `2GB` and `WholeNode` are read as numbers',
    ],
    tags,
    { aliases: ['Tag'] },
  ),
  meaning(
    [
      'InputSandbox',
      'input_sandbox',
      'list',
      'none',
      'Files to bring along: local files (the command line uploads them), `SB:…`, `LFN:/…`',
    ],
    names('input_sandbox'),
  ),
  meaning(
    ['OutputSandbox', 'output_sandbox', 'list', 'none', 'Files, folders and patterns to bring back'],
    names('output_sandbox'),
  ),
  meaning(['StdOutput', 'stdout', 'text', 'std.out', 'File of the standard output'], text('stdout')),
  meaning(['StdError', 'stderr', 'text', 'std.err', 'File of the standard error'], text('stderr')),
  meaning(
    ['InputData', 'input_data', 'list', 'none', 'LFNs that the job reads; needs a file catalogue'],
    names('input_data'),
  ),
  meaning(
    ['OutputData', 'output_data', 'list', 'none', 'Files to store on the grid; needs a file catalogue'],
    names('output_data'),
  ),
  meaning(
    ['OutputSE', 'output_se', 'list', 'none', 'Storage elements for OutputData; needs a file catalogue'],
    names('output_se'),
  ),
  meaning(
    [
      'ExecutionEnvironment',
      'environment',
      'list of "NAME=value"',
      'none',
      'Variables in the environment of the program',
    ],
    environment,
  ),
  meaning(['LogLevel', 'log_level', 'text', 'INFO', 'How much the job wrapper logs'], text('log_level')),
  meaning(
    [
      'PayloadRetries',
      'payload_retries',
      'whole number',
      '0',
      'How often a job whose program failed is run again, 0 to 10',
    ],
    integer('payload_retries'),
  ),
  meaning(['Parameters', 'parametric', 'list or whole number', 'none', parametric], parameters, { named: true }),
  meaning(['ParameterStart', 'parametric', 'number', '1', parametric], parameterStep, { named: true }),
  meaning(['ParameterStep', 'parametric', 'number', '0', parametric], parameterStep, { named: true }),
  meaning(['ParameterFactor', 'parametric', 'number', '1', parametric], parameterStep, { named: true }),
  meaning(['Owner', null, 'text', '', fromToken], dropped),
  meaning(['OwnerGroup', null, 'text', '', fromToken], dropped),
  meaning(['VirtualOrganization', null, 'text', '', fromToken], dropped),
  meaning(['OwnerDN', null, 'text', '', fromToken], dropped),
  meaning(['DIRACSetup', null, 'text', '', 'Dropped: it has no meaning any more'], dropped),
];

const byName = new Map(
  jdlAttributes.flatMap((entry) =>
    [entry.name, ...(entry.aliases ?? [])].map((name) => [name.toLowerCase(), entry] as const),
  ),
);

/** The meaning of an attribute, found in any case; undefined when Pilotage does not know it. */
export function findJdlAttribute(name: string): JdlAttributeMeaning | undefined {
  const lower = name.toLowerCase();
  const cut = lower.indexOf('.');
  if (cut === -1) return byName.get(lower);
  const entry = byName.get(lower.slice(0, cut));
  return entry?.named === true ? entry : undefined;
}

const nameOfKey = new Map(jdlAttributes.toReversed().map((entry) => [entry.key as string | null, entry.name]));

/** The JDL name of a key of the JSON description, for problems that JDL users read. */
export function jdlNameOf(key: string): string {
  return nameOfKey.get(key) ?? key;
}

/** The table of `docs/job-description.md`, in Markdown. */
export function describeAttributes(): string {
  const rows = jdlAttributes.map((entry) => {
    const jdl = [entry.name, ...(entry.aliases ?? [])].map((name) => `\`${name}\``).join(', ');
    const json = entry.key === null ? '' : `\`${entry.key}\``;
    return `| ${[jdl, json, entry.type, entry.unit ?? '', entry.default, entry.description].join(' | ')} |`;
  });
  return ['| JDL | JSON | Type | Unit | Default | Meaning |', '| --- | --- | --- | --- | --- | --- |', ...rows].join(
    '\n',
  );
}
