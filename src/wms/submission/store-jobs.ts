import { Injectable } from '@nestjs/common';
import { type JobStatus, minor } from '../../contract/index.js';
import { send, type Transaction } from '../../platform/index.js';
import { checkingMinor, needsChecks } from '../checking/checks.js';
import { type Effects, writeHistory } from '../jobs/jobs.js';
import { siteLabel } from '../jobs/site-label.js';
import { Sandboxes } from '../outputs/sandboxes.js';
import { waitingMinor } from '../checking/site-holds.js';
import { ResourceStatuses } from '../resource-status/resource-statuses.js';
import { TaskQueues } from '../task-queues/task-queues.js';
import { insertDescriptions } from './insert-descriptions.sql.js';
import { insertJobs, type NewJobRow } from './insert-jobs.sql.js';
import type { NewJob, NewJobs, Submitter } from './new-jobs.js';

/** The stages that a new job is handed to. */
@Injectable()
export class NextStages {
  constructor(
    readonly taskQueues: TaskQueues,
    readonly sandboxes: Sandboxes,
    readonly statuses: ResourceStatuses,
  ) {}
}

interface Place {
  job: NewJob;
  owner: Submitter;
  taskQueueId: number;
}

const jobsPerMessage = 1_000;

/**
 * Writes the jobs of several calls in one transaction: descriptions, jobs in their task queues, history, input
 * sandboxes, and the checks that must wait for an outside service. All other jobs are Waiting from the commit on.
 */
export async function storeJobs(
  tx: Transaction,
  effects: Effects,
  calls: readonly NewJobs[],
  { stages, now }: { stages: NextStages; now: string },
): Promise<void> {
  const places = await findPlaces(tx, calls, stages.taskQueues);
  await insertDescriptions(
    tx,
    calls.flatMap(({ descriptions }) => descriptions),
  );
  const { statuses } = stages;
  await insertJobs(
    tx,
    places.map((place) => rowOf(place, statuses)),
    now,
  );
  await writeHistory(
    tx,
    places.flatMap((place) => firstHistory(place, now, statuses)),
  );
  for (const { owner, jobs } of calls) {
    const inputs = jobs.flatMap(({ jobId, description }) => description.input_sandbox.map((pfn) => ({ jobId, pfn })));
    const { vo, group, subject, username } = owner;
    if (inputs.length > 0) await stages.sandboxes.assignInputs(tx, inputs, { vo, group, owner: username, subject });
  }
  const unchecked = places.filter(({ job }) => needsChecks(job.description)).map(({ job }) => job.jobId);
  for (let start = 0; start < unchecked.length; start += jobsPerMessage) {
    const job_ids = unchecked.slice(start, start + jobsPerMessage);
    await send(tx, [{ topic: 'check-jobs', payload: { job_ids } }]);
  }
  if (unchecked.length > 0) effects.messages.add('check-jobs');
  for (const { job, taskQueueId } of places) if (!needsChecks(job.description)) effects.taskQueues.add(taskQueueId);
}

/** The task queue of every job; equal requirements of one owner are looked up once. */
async function findPlaces(
  tx: Transaction,
  calls: readonly NewJobs[],
  taskQueues: NextStages['taskQueues'],
): Promise<Place[]> {
  const wanted = new Map<string, { entry: Parameters<TaskQueues['assign']>[1][number]; of: Place[] }>();
  const places: Place[] = [];
  for (const { owner, jobs } of calls) {
    const { vo, group, subject: ownerSubject, username } = owner;
    // Equal jobs of a call share the object that says what they require.
    const ofCall = new Map<NewJob['requirements'], Place[]>();
    for (const job of jobs) {
      const { requirements } = job;
      let of = ofCall.get(requirements);
      if (of === undefined) {
        const key = JSON.stringify([vo, group, ownerSubject, requirements]);
        const entry = { requirements, vo, group, ownerSubject, owner: username };
        const same = wanted.get(key) ?? { entry, of: [] };
        wanted.set(key, same);
        of = same.of;
        ofCall.set(requirements, of);
      }
      const place = { job, owner, taskQueueId: 0 };
      of.push(place);
      places.push(place);
    }
  }
  const groups = [...wanted.values()];
  const ids = await taskQueues.assign(
    tx,
    groups.map(({ entry }) => entry),
  );
  groups.forEach(({ of }, index) => {
    const id = ids[index];
    if (id === undefined) throw new Error('A job was given no task queue');
    for (const place of of) place.taskQueueId = id;
  });
  return places;
}

function stateOf({ job, owner }: Place, statuses: ResourceStatuses): { status: JobStatus; minor: string } {
  return needsChecks(job.description)
    ? { status: 'Checking', minor: checkingMinor }
    : { status: 'Waiting', minor: waitingMinor(job.requirements, owner.vo, statuses) };
}

function rowOf(place: Place, statuses: ResourceStatuses): NewJobRow {
  const { job, owner, taskQueueId } = place;
  const { description } = job;
  return {
    jobId: job.jobId,
    vo: owner.vo,
    ownerSubject: owner.subject,
    owner: owner.username,
    group: owner.group,
    descriptionId: job.descriptionId,
    expansion: job.expansion === null ? null : JSON.stringify(job.expansion),
    taskQueueId,
    ...stateOf(place, statuses),
    name: description.job_name,
    type: description.job_type,
    jobGroup: description.job_group,
    site: siteLabel(description.sites),
    priority: description.priority ?? 0,
  };
}

function firstHistory(
  place: Place,
  at: string,
  statuses: ResourceStatuses,
): Parameters<typeof writeHistory>[1][number][] {
  const { job, owner } = place;
  const row = { job_id: job.jobId, vo: owner.vo, attempt: 0 };
  const common = { row, application: 'Unknown', source: 'JobManager', at };
  return [
    { ...common, status: 'Received', minor: minor.accepted },
    { ...common, ...stateOf(place, statuses) },
  ];
}
