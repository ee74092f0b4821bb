import { Refusal } from '../../contract/index.js';
import { readTimestamp } from './timestamps.js';

/** How an attribute is stored: its column and what its value must be. */
interface Attribute {
  column: string;
  read(value: unknown): unknown;
}

const text = (column: string, longest: number): Attribute => ({
  column,
  read: (value) => (typeof value === 'string' && value.length <= longest ? value : undefined),
});
const count = (column: string, most: number): Attribute => ({
  column,
  read: (value) => (Number.isInteger(value) && Number(value) >= 0 && Number(value) <= most ? value : undefined),
});
const time = (column: string): Attribute => ({
  column,
  read: (value) => {
    const read = typeof value === 'string' ? readTimestamp(value) : { wrong: 'unreadable' };
    return 'at' in read ? read.at : undefined;
  },
});

/** Attributes that may be set. They are labels and records: none decides where or whether a job runs, or how long it is kept. */
const attributes = new Map<string, Attribute>([
  ['JobType', text('job_type', 32)],
  ['JobGroup', text('job_group', 32)],
  ['JobName', text('job_name', 128)],
  ['Site', text('site', 100)],
  ['MinorStatus', text('minor_status', 128)],
  ['ApplicationStatus', text('application_status', 255)],
  ['SubmissionTime', time('submission_time')],
  ['RescheduleTime', time('reschedule_time')],
  ['StartExecTime', time('start_exec_time')],
  ['HeartBeatTime', time('heart_beat_time')],
  ['EndExecTime', time('end_exec_time')],
  ['UserPriority', count('user_priority', 255)],
  ['RescheduleCounter', count('reschedule_counter', 1_000_000)],
  ['VerifiedFlag', { column: 'verified_flag', read: (value) => (typeof value === 'boolean' ? value : undefined) }],
]);

/**
 * The server writes it at every change, and retention goes by it. DIRAC's clients send it with what they change; the value
 * is checked and not kept.
 */
const serverTime = ['LastUpdateTime', time('')] as const;

/** What has one writer, or says whose a job is, is not for this route. */
const forbidden = new Set(['Status', 'Owner', 'OwnerGroup', 'VO', 'AccountedFlag', 'JobID']);

/** Parameters that are whole numbers, whatever a wrapper sends. */
const wholeNumbers = new Set(['CPUNormalizationFactor', 'NormCPUTime(s)', 'TotalCPUTime(s)']);

/** Metadata of one job: columns to set, and parameters to keep. */
export interface JobMetadata {
  columns: Record<string, unknown>;
  parameters: Record<string, string>;
}

/** Sorts and checks what a call sets for one job; null values set nothing. Refuses the whole call. Pure. */
export function readMetadata(jobId: string, given: Record<string, unknown>): JobMetadata {
  const metadata: JobMetadata = { columns: {}, parameters: {} };
  for (const [name, value] of Object.entries(given)) {
    if (value === null) continue;
    if (forbidden.has(name))
      throw new Refusal('protected-attribute', `${name} cannot be set as metadata of job ${jobId}`);
    const [ownName, ownTime] = serverTime;
    const attribute = name === ownName ? ownTime : attributes.get(name);
    if (attribute === undefined) {
      metadata.parameters[name] = parameterValue(jobId, name, value);
      continue;
    }
    const read = attribute.read(value) ?? refuseValue(jobId, name, value);
    if (attribute !== ownTime) metadata.columns[attribute.column] = read;
  }
  return metadata;
}

function parameterValue(jobId: string, name: string, value: unknown): string {
  if (name.length === 0 || name.length > 128) refuseValue(jobId, name, value);
  if (wholeNumbers.has(name)) {
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
    return Number.isFinite(number) ? String(Math.trunc(Number(number))) : refuseValue(jobId, name, value);
  }
  const written = typeof value === 'string' ? value : JSON.stringify(value);
  return Buffer.byteLength(written) <= 65_535 ? written : refuseValue(jobId, name, value);
}

function refuseValue(jobId: string, name: string, value: unknown): never {
  const loc = ['body', jobId, name.slice(0, 128)];
  const msg = 'not a valid value; dates need UTC (Z or +00:00), texts and numbers their column';
  const body = [{ type: 'value_error', loc, msg, input: typeof value === 'object' ? null : value }];
  throw new Refusal('invalid-request', `${loc.join('.')}: ${msg}`, { body });
}
