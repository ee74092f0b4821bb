import { randomUUID } from 'node:crypto';
import { SigningKeys, Tokens } from '../../src/auth/index.js';
import { JobDescription, type JobDescriptionInput, type Offer } from '../../src/contract/index.js';
import { IdAllocator, Log, Metrics, type PlatformConfig, Shutdown } from '../../src/platform/index.js';
import { Brake } from '../../src/wms/black-holes/brake.js';
import { writeDeltas } from '../../src/wms/counters/index.js';
import { AttemptEnds } from '../../src/wms/execution/attempt-ends.js';
import { Heartbeats } from '../../src/wms/execution/heartbeats.js';
import { Leases } from '../../src/wms/execution/leases.js';
import { PilotEnds } from '../../src/wms/execution/pilot-ends.js';
import { Reports } from '../../src/wms/execution/reports.js';
import { RunningLimits } from '../../src/wms/limits/running-limits.js';
import { ClaimedJobs } from '../../src/wms/matching/claimed-jobs.js';
import { Descriptions } from '../../src/wms/matching/descriptions.js';
import { Claims } from '../../src/wms/matching/claims.js';
import type { ClaimedAttempt } from '../../src/wms/matching/earlier-claims.sql.js';
import { Matching } from '../../src/wms/matching/matching.js';
import { PilotCalls } from '../../src/wms/matching/pilot-calls.js';
import { Prospects } from '../../src/wms/matching/prospects.js';
import { WaitingRoom } from '../../src/wms/matching/waiting-room.js';
import { ResourceStatuses } from '../../src/wms/resource-status/resource-statuses.js';
import { requirementsOf } from '../../src/wms/task-queues/requirements.js';
import { ShareUse } from '../../src/wms/task-queues/share-use.js';
import { TaskQueueIndex } from '../../src/wms/task-queues/task-queue-index.js';
import { testConfig } from './config.js';
import type { Overrides } from './configuration.js';
import { jdoe, startStages, type Stages } from './stages.js';

/** Somebody who submits. */
export interface Owner {
  vo: string;
  group: string;
  subject: string;
  username: string;
}

/** One server's part of matching and execution. */
export type Matcher = ReturnType<typeof aMatcher>;

/** What a node offers when nothing else is said. */
export const anOffer: Offer = {
  platforms: [],
  processors: 1,
  memory: 2_000,
  gpus: 0,
  cpu_work_left: 1_000_000,
  wall_left: 86_400,
  tags: [],
  required_tags: [],
  idle: true,
};

/** Matching and execution over {@link Stages}; several of them over one database are several servers. */
export function aMatcher(stages: Stages, settings: PlatformConfig, tokens: Tokens) {
  const { database, jobs, wakeUps, configuration } = stages;
  const index = new TaskQueueIndex(database, wakeUps, new Log('test', 'error'));
  index.onModuleInit();
  const shares = new ShareUse(database, configuration);
  const statuses = new ResourceStatuses(database, wakeUps, new Log('test', 'error'));
  const limits = new RunningLimits(database, configuration, wakeUps);
  limits.onModuleInit();
  const brake = new Brake(jobs, configuration, wakeUps, statuses);
  brake.onModuleInit();
  const prospects = new Prospects(index, configuration, limits, brake);
  const claims = new Claims(jobs, prospects, shares, settings);
  const calls = new PilotCalls(database, settings, new Log('test', 'error'));
  const room = new WaitingRoom(prospects, wakeUps, new Shutdown(), new Metrics('test'));
  room.onModuleInit();
  const matching = new Matching(calls, claims, new ClaimedJobs(new Descriptions(database), tokens), room);
  const ends = new AttemptEnds(jobs, configuration);
  return {
    index,
    shares,
    /** Follows nothing by itself: a test starts or refreshes it. */
    statuses,
    claims,
    calls,
    room,
    matching,
    ends,
    reports: new Reports(jobs),
    heartbeats: new Heartbeats(jobs, settings),
    // The database of a test run has been up for seconds only; that rule has a test of its own.
    leases: new Leases(database, jobs, ends, { ...settings, leaseSeconds: 0, leaseMarginSeconds: 1 }),
    pilotEnds: new PilotEnds(database, jobs, ends),
    /** Claims as the route does, without waiting. The index is looked at before, so that a test needs no wake-up. */
    async claim(stamp: string, { maxJobs = 1, offer = {} as Partial<Offer>, claimId = randomUUID() as string } = {}) {
      await index.rebuild();
      const signal = new AbortController().signal;
      const { jobs: given } = await claims.make({ stamp, claimId, offer: { ...anOffer, ...offer }, maxJobs, signal });
      return given;
    },
    close(): void {
      room.onModuleDestroy();
      index.onModuleDestroy();
      limits.onModuleDestroy();
      statuses.close();
      brake.onModuleDestroy();
    },
  };
}

/** The path from task queues to execution on a real database, with makers of jobs and pilots. */
export async function startMatching(overrides: Overrides = {}, settings: Partial<PlatformConfig> = {}) {
  const stages = await startStages(overrides);
  const config = testConfig(settings);
  const keys = new SigningKeys(stages.database, config.masterKey, new Log('test', 'error'));
  await keys.start();
  const tokens = new Tokens(keys, config.publicUrl);
  const ids = new IdAllocator(stages.database, 'jobs');
  const descriptionIds = new IdAllocator(stages.database, 'job_descriptions');
  const matchers: Matcher[] = [];
  let pilots = 0;

  return {
    ...stages,
    config,
    tokens,
    /** Another server on the same database. */
    server(): Matcher {
      const matcher = aMatcher(stages, config, tokens);
      matchers.push(matcher);
      return matcher;
    },
    /** Waiting jobs with this description; gives their ids. */
    async submit(input: Partial<JobDescriptionInput> = {}, { count = 1, owner = jdoe as Owner, retries = 0 } = {}) {
      const description = JobDescription.parse({ executable: '/bin/true', ...input });
      const jobIds = await ids.take(count);
      const [descriptionId] = await descriptionIds.take(1);
      await stages.jobs.change(async (tx, effects) => {
        const [queue] = await stages.taskQueues.assign(tx, [
          {
            requirements: requirementsOf(description),
            vo: owner.vo,
            group: owner.group,
            ownerSubject: owner.subject,
            owner: owner.username,
          },
        ]);
        await tx.execute('INSERT INTO job_descriptions (description_id, vo, document) VALUES (?, ?, ?)', [
          descriptionId,
          owner.vo,
          JSON.stringify(description),
        ]);
        await tx.execute(
          `INSERT INTO jobs (job_id, vo, owner_subject, owner, owner_group, description_id, task_queue_id, waiting_in,
             status, job_name, job_type, job_group, user_priority, payload_retries, submission_time, last_update_time)
           VALUES ${jobIds.map(() => "(?, ?, ?, ?, ?, ?, ?, ?, 'Waiting', 'test', 'User', '0', ?, ?, NOW(6), NOW(6))").join(', ')}`,
          jobIds.flatMap((jobId) => [
            jobId,
            owner.vo,
            owner.subject,
            owner.username,
            owner.group,
            descriptionId,
            queue,
            queue,
            description.priority ?? 1,
            retries,
          ]),
        );
        await writeDeltas(tx, [
          {
            cell: {
              vo: owner.vo,
              owner: owner.username,
              owner_subject: owner.subject,
              owner_group: owner.group,
              job_group: '0',
              job_type: 'User',
              site: 'ANY',
              status: 'Waiting',
            },
            jobs: count,
          },
        ]);
        effects.taskQueues.add(Number(queue));
      });
      return jobIds;
    },
    /** A running pilot; gives its stamp. */
    async pilot(row: Record<string, unknown> = {}): Promise<string> {
      pilots += 1;
      const stamp = pilots.toString(16).padStart(32, '0');
      const columns = {
        stamp,
        vo: 'lhcb',
        site: 'Demo.Local',
        ce: 'local',
        queue: 'all',
        status: 'Running',
        isolation: 'bubblewrap',
        ...row,
      };
      await stages.database.execute(
        `INSERT INTO pilots (${Object.keys(columns).join(', ')}, last_contact) VALUES (?, NOW(6))`,
        [Object.values(columns)],
      );
      return stamp;
    },
    /** The row of a job. */
    async job(jobId: number): Promise<Record<string, unknown>> {
      const [row] = await stages.database.query('SELECT * FROM jobs WHERE job_id = ?', [jobId]);
      if (row === undefined) throw new Error(`There is no job ${jobId}`);
      return row;
    },
    /** The states in the history of a job, oldest first. */
    async history(jobId: number): Promise<string[]> {
      const rows = await stages.database.query<{ status: string; minor_status: string }>(
        'SELECT status, minor_status FROM job_history WHERE job_id = ? ORDER BY entry_id',
        [jobId],
      );
      return rows.map(({ status, minor_status }) => `${status}/${minor_status}`);
    },
    async close(): Promise<void> {
      for (const matcher of matchers) matcher.close();
      keys.close();
      await stages.close();
    },
  };
}
export type MatchingTest = Awaited<ReturnType<typeof startMatching>>;

/** Who speaks for a claimed attempt. */
export function holderOf({ vo, stamp, job_id: jobId, attempt }: ClaimedAttempt) {
  return { kind: 'attempt' as const, vo, stamp, jobId, attempt };
}
