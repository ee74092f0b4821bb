import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Installation } from '../../scripts/installation/index.mjs';
import { Connection, httpsTransport } from '../../src/client/index.js';
import {
  call,
  type CallInput,
  type ClaimedJob,
  type Endpoint,
  execution,
  jobs,
  matching,
  type ReplyOf,
} from '../../src/contract/index.js';

/** What clients saw while they worked. */
export class Seen {
  /** Calls that failed, as sentences: none is what a rolling restart promises. */
  readonly failures: string[] = [];
  /** `job/attempt` of every job that a claim brought. */
  readonly claimed: string[] = [];
  /** The acknowledged reports of each job, in their order. */
  readonly reports = new Map<number, string[]>();
  /** Jobs whose end was acknowledged. */
  readonly ended: number[] = [];
  /** Ids of all jobs whose submission was acknowledged. */
  readonly submitted: number[] = [];
}

/** One client with a connection of its own. A call that fails is noted, and made again unchanged until it succeeds. */
export class LoadClient {
  private readonly connection: Connection;

  constructor(
    installation: Installation,
    private readonly name: string,
    private readonly token: string,
    private readonly seen: Seen,
  ) {
    const ca = readFileSync(installation.ca, 'utf8');
    this.connection = new Connection({ baseUrl: installation.url, ca, userAgent: 'load' });
  }

  async call<E extends Endpoint>(
    endpoint: E,
    input: CallInput<E>,
    { token = this.token, headers = {} }: { token?: string; headers?: Record<string, string> } = {},
  ): Promise<ReplyOf<E>> {
    const transport = httpsTransport(this.connection, () => token);
    for (const deadline = Date.now() + 30_000; ;) {
      try {
        return (await call(transport, endpoint, input, { timeout: 20_000, headers })).reply;
      } catch (error) {
        this.seen.failures.push(`${this.name}: ${endpoint.name}: ${String(error)}`);
        if (Date.now() > deadline) throw error;
        await delay(200);
      }
    }
  }

  close(): void {
    this.connection.close();
  }
}

const offer = { processors: 2, memory: 4_000, cpu_work_left: 1e6, wall_left: 86_400, idle: true };

/** A pilot whose payloads take no time: claims with long polls, heartbeats, reports and ends until the signal fires. */
export async function workAsPilot(client: LoadClient, seen: Seen, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const { jobs: claimed } = await client.call(matching.claim, {
      body: { claim_id: randomUUID(), offer, max_jobs: 2, wait: 5 },
    });
    seen.claimed.push(...claimed.map(({ job_id, attempt }) => `${job_id}/${attempt}`));
    for (const job of claimed) await carryOut(client, seen, job);
    // A server that drains answers at once; nobody asks it in a tight loop.
    if (claimed.length === 0) await delay(100);
  }
}

async function carryOut(client: LoadClient, seen: Seen, { job_id, attempt, token }: ClaimedJob): Promise<void> {
  const reports: string[] = [];
  seen.reports.set(job_id, reports);
  for (let sequence = 1; sequence <= 4; sequence += 1) {
    const application_status = `step ${sequence}`;
    const body = { sequence, status: 'Running', minor_status: 'Application', application_status } as const;
    await client.call(execution.status, { body }, { token });
    reports.push(application_status);
    await client.call(execution.heartbeat, { body: { attempts: [{ job_id, attempt }] } });
    await delay(50);
  }
  await client.call(execution.end, { body: { outcome: 'done', exit_code: 0, minor_status: 'Ended' } }, { token });
  seen.ended.push(job_id);
}

/** A user who submits three jobs at a time until the signal fires, never far ahead of the pilots, and looks at them. */
export async function workAsUser(client: LoadClient, seen: Seen, signal: AbortSignal): Promise<void> {
  const description = { executable: '/bin/true', sites: ['Load.Local'], cpu_work: 1000 };
  while (!signal.aborted) {
    const headers = { 'idempotency-key': randomUUID() };
    const body = { jobs: [description, description, description] };
    const reply = await client.call(jobs.submit, { body }, { headers });
    const ids = reply.jobs.map(({ JobID }) => JobID);
    seen.submitted.push(...ids);
    const search = [{ parameter: 'JobID', operator: 'in' as const, values: ids }];
    await client.call(jobs.search, { body: { search, parameters: ['JobID', 'Status'] } });
    do await delay(200);
    while (seen.submitted.length - seen.ended.length > 30 && !signal.aborted);
  }
}
