import { readFileSync } from 'node:fs';
import { Connection, httpsTransport } from '../../src/client/index.js';
import { call, type CallInput, type Endpoint, jobs, pilots, type ReplyOf } from '../../src/contract/index.js';
import type { Installation } from '../../scripts/installation/index.mjs';

/** A job row as far as these tests look at it. */
export interface SeenJob {
  JobID: number;
  Status: string;
  MinorStatus: string;
}

/** A user of a running installation: calls its routes over HTTPS with its own token. */
export class User {
  private constructor(
    private readonly connection: Connection,
    private readonly token: string,
  ) {}

  static async of(installation: Installation, who = { vo: 'demo', group: 'demo_user', user: 'alice' }): Promise<User> {
    const connection = new Connection({
      baseUrl: installation.url,
      ca: readFileSync(installation.ca, 'utf8'),
      userAgent: 'e2e',
    });
    return new User(connection, await installation.token(who));
  }

  /** Calls a route; asks again while the server is down, for a minute. */
  async call<E extends Endpoint>(endpoint: E, input: CallInput<E> = {}): Promise<ReplyOf<E>> {
    const transport = httpsTransport(this.connection, () => this.token);
    return patiently(
      async () => (await call(transport, endpoint, input, { alsoAccept: [206, 416], timeout: 20_000 })).reply,
    );
  }

  async submit(descriptions: object[]): Promise<number[]> {
    const reply = await this.call(jobs.submit, { body: { jobs: descriptions } });
    return reply.jobs.map(({ JobID }) => JobID);
  }

  async jobs(ids: number[]): Promise<SeenJob[]> {
    const search = [{ parameter: 'JobID', operator: 'in' as const, values: ids }];
    const rows = await this.call(jobs.search, {
      query: { per_page: 1000 },
      body: { search, parameters: ['JobID', 'Status', 'MinorStatus'] },
    });
    return rows as unknown as SeenJob[];
  }

  /** Waits until `done` of the jobs; fails with what it saw last. */
  async until(ids: number[], done: (rows: SeenJob[]) => boolean, seconds = 90): Promise<SeenJob[]> {
    let rows: SeenJob[] = [];
    await waitFor(
      async () => {
        rows = await this.jobs(ids);
        return done(rows);
      },
      seconds,
      () => `jobs were ${rows.map((row) => `${row.JobID} ${row.Status} (${row.MinorStatus})`).join(', ')}`,
    );
    return rows;
  }

  async pilotsOf(jobId: number): Promise<string[]> {
    const reply = await this.call(pilots.ofJob, { params: { id: jobId } });
    return reply.pilots.map(({ stamp }) => stamp);
  }

  close(): void {
    this.connection.close();
  }
}

/** Waits until the condition holds; asks every 200 ms. */
export async function waitFor(holds: () => Promise<boolean>, seconds: number, saw: () => string): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`waited ${seconds} s in vain; ${saw()}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function patiently<T>(attempt: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      const status = (error as { status?: number }).status;
      const passing = status === undefined ? (error as Error).name === 'Unreachable' : status === 503 || status === 429;
      if (!passing || Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }
}
