import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CurrentConfiguration } from '../../src/configuration/index.js';
import { type Database, Log, openRedis, WakeUps } from '../../src/platform/index.js';
import { openStorageElement, type StorageElement, StorageElements } from '../../src/storage/index.js';
import { CheckJobs } from '../../src/wms/checking/check-jobs.js';
import { Admission } from '../../src/wms/jobs/admission.js';
import { Jobs } from '../../src/wms/jobs/jobs.js';
import { ResourceStatuses } from '../../src/wms/resource-status/resource-statuses.js';
import { StorageGate } from '../../src/wms/resource-status/storage-gate.js';
import { Sandboxes } from '../../src/wms/outputs/sandboxes.js';
import { JobRegister } from '../../src/wms/submission/job-register.js';
import { RepeatedRequests } from '../../src/wms/submission/repeated-requests.js';
import { NextStages } from '../../src/wms/submission/store-jobs.js';
import { Submission } from '../../src/wms/submission/submission.js';
import { WaitingJobs } from '../../src/wms/submission/waiting-jobs.js';
import { TaskQueues } from '../../src/wms/task-queues/task-queues.js';
import { applyConfiguration, type Overrides } from './configuration.js';
import { freshDatabase } from './database.js';
import { testRedis } from './redis.js';

/** The first stages of the path of a job, on a real database, Redis and storage element, without HTTP. */
export interface Stages {
  database: Database;
  configuration: CurrentConfiguration;
  wakeUps: WakeUps;
  sandboxElement: StorageElement;
  jobs: Jobs;
  admission: Admission;
  taskQueues: TaskQueues;
  sandboxes: Sandboxes;
  register: JobRegister;
  submission: Submission;
  checkJobs: CheckJobs;
  /** Follow nothing by themselves: what a test sets here is known here. */
  statuses: ResourceStatuses;
  gate: StorageGate;
  close(): Promise<void>;
}

export const jdoe = { vo: 'lhcb', group: 'lhcb_user', subject: 'lhcb:jdoe', username: 'jdoe' };
export const rroe = { vo: 'lhcb', group: 'lhcb_user', subject: 'lhcb:rroe', username: 'rroe' };

/** Starts the stages under a configuration that is {@link aConfigurationDocument} with `overrides`. */
export async function startStages(overrides: Overrides = {}): Promise<Stages> {
  const { database, drop } = await freshDatabase();
  await applyConfiguration(database, overrides);
  const log = new Log('test', 'error');
  const configuration = new CurrentConfiguration(database, log);
  await configuration.start();
  const { redis, url, prefix, close } = testRedis();
  const subscriber = openRedis(url, log);
  const wakeUps = new WakeUps(redis, subscriber, prefix, log);
  const root = await mkdtemp(join(tmpdir(), 'pilotage-stages-'));
  const context = { signingKey: randomBytes(32), publicUrl: 'http://127.0.0.1:1' };
  const sandboxElement = openStorageElement('SandboxSE', { driver: 'file', root }, context);
  const jobs = new Jobs(database, wakeUps);
  const taskQueues = new TaskQueues(configuration);
  const statuses = new ResourceStatuses(database, wakeUps, log);
  const elements = new StorageElements([sandboxElement]);
  const gate = new StorageGate(statuses, elements);
  const sandboxes = new Sandboxes(database, elements, configuration, gate);
  const stages = new NextStages(taskQueues, sandboxes, statuses);
  const register = new JobRegister(database, jobs, new RepeatedRequests(database), stages);
  const submission = new Submission(configuration, sandboxes, new WaitingJobs(database), register);
  return {
    database,
    configuration,
    wakeUps,
    sandboxElement,
    jobs,
    admission: new Admission(database, configuration),
    taskQueues,
    sandboxes,
    register,
    submission,
    checkJobs: new CheckJobs(database, jobs, sandboxes, statuses),
    statuses,
    gate,
    async close() {
      configuration.close();
      await subscriber.quit();
      await close();
      await sandboxElement.close();
      await rm(root, { recursive: true, force: true });
      await drop();
    },
  };
}
