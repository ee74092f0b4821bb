import { type AcceptedJob, type Expansion, type JobDescription, minor } from '../../contract/index.js';
import { toWire } from '../../platform/index.js';
import { requirementKeys, type Requirements, requirementsOf } from '../task-queues/requirements.js';
import type { DescriptionRow } from './insert-descriptions.sql.js';
import { fillIn, type PreparedDescription } from './prepare.js';

/** Who submits, as the token says. */
export interface Submitter {
  vo: string;
  group: string;
  subject: string;
  username: string;
}

/** A job that is about to be stored. */
export interface NewJob {
  jobId: number;
  descriptionId: number;
  expansion: Expansion | null;
  description: JobDescription;
  requirements: Requirements;
}

/** Jobs of one call with their ids, ready for the transaction. */
export interface NewJobs {
  owner: Submitter;
  descriptions: DescriptionRow[];
  jobs: NewJob[];
}

/** Keys whose texts decide where a job may run; the numbers among the requirements never vary. */
const placeKeys = ['sites', 'banned_sites', 'ces', 'platforms', 'job_type', 'tags'];

/** How many ids a call needs. */
export function idsNeeded(prepared: readonly PreparedDescription[]): { jobs: number; descriptions: number } {
  return {
    jobs: prepared.reduce((sum, { expansions }) => sum + expansions.length, 0),
    descriptions: new Set(prepared.map(keyOf)).size,
  };
}

/** Gives every job its id, in the order of the call, and every distinct description one row. */
export function numberJobs(
  owner: Submitter,
  prepared: readonly PreparedDescription[],
  ids: { jobs: readonly number[]; descriptions: readonly number[] },
): NewJobs {
  const descriptions = new Map<string, DescriptionRow>();
  const jobs: NewJob[] = [];
  const read = requirementsReader();
  for (const one of prepared) {
    const key = keyOf(one);
    const { document, jdl } = one;
    const next = ids.jobs[jobs.length] ?? 0;
    const row = descriptions.get(key) ?? {
      id: at(ids.descriptions, descriptions.size),
      vo: owner.vo,
      document,
      jdl,
      firstJob: next,
      lastJob: next,
    };
    descriptions.set(key, row);
    const shared = placeKeys.some((key) => one.varying.has(key)) ? null : read(one.description);
    for (const expansion of one.expansions) {
      const jobId = at(ids.jobs, jobs.length);
      const description = fillIn(one, expansion, jobId);
      row.lastJob = jobId;
      jobs.push({
        jobId,
        descriptionId: row.id,
        expansion,
        description,
        requirements: shared ?? read(description),
      });
    }
  }
  return { owner, descriptions: [...descriptions.values()], jobs };
}

/**
 * What the caller is told. DiracX's clients expect the first state of a job here, although it has been checked and may
 * be Waiting already. `now` is the database's time.
 */
export function acceptance(jobs: readonly NewJob[], now: string): AcceptedJob[] {
  const TimeStamp = toWire(now);
  return jobs.map(({ jobId }) => ({ JobID: jobId, Status: 'Received', MinorStatus: minor.accepted, TimeStamp }));
}

/** Descriptions with equal keys share a row. A document has no line break. */
function keyOf({ document, jdl }: PreparedDescription): string {
  return jdl === null ? document : `${document}\n${jdl}`;
}

/** The requirements of many descriptions, most of which are alike: those get the same object. */
function requirementsReader(): (description: JobDescription) => Requirements {
  const known = new Map<string, Requirements>();
  return (description) => {
    const key = JSON.stringify(requirementKeys.map((name) => description[name]));
    const requirements = known.get(key) ?? requirementsOf(description);
    known.set(key, requirements);
    return requirements;
  };
}

function at(ids: readonly number[], index: number): number {
  const id = ids[index];
  if (id === undefined) throw new Error('Fewer ids were taken than there are jobs');
  return id;
}
