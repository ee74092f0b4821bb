import { createHash, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import {
  type BodyOf,
  type ClaimedJob,
  execution,
  JobDescription,
  type JobDescriptionInput,
  matching,
  type NodeReport,
  type PilotCommand,
  pilots,
} from '../../../src/contract/index.js';
import type { FakeJob } from './fake-job.js';
import { type Certificates, makeCertificates } from './private-ca.js';
import { pilotRoutes } from './pilot-routes.js';
import { Refuse } from './refuse.js';

export type { FakeJob } from './fake-job.js';

/** A server in memory that speaks the pilot's part of the contract over HTTPS, for one pilot. Bodies are checked by the contract. */
export class FakePilotServer {
  readonly certificates: Certificates = makeCertificates();
  readonly stamp = randomUUID().replaceAll('-', '');
  readonly secret = randomUUID();
  readonly jobs: FakeJob[] = [];
  readonly claims: BodyOf<typeof matching.claim>[] = [];
  readonly logChunks: string[] = [];
  readonly heartbeats: BodyOf<typeof execution.heartbeat>[] = [];
  /** When heartbeats came, ms. */
  readonly beatTimes: number[] = [];
  readonly files = new Map<string, Buffer>();
  readonly acknowledged = new Set<number>();
  readonly requests: string[] = [];
  commands: PilotCommand[] = [];
  report: NodeReport | undefined;
  farewell: { status: string; reason: string } | undefined;
  drain = false;
  leaseSeconds = 600;
  /** The next claim that grants a job loses its reply on the way. */
  loseClaimReply = false;
  /** While it stands, replies to claims that granted jobs, or to questions for inputs, are on their way. */
  claimReplies: Promise<void> = Promise.resolve();
  inputReplies: Promise<void> = Promise.resolve();
  /** Answers of the store to the next uploads, which it does not take; 0: none. */
  storeAnswers: number[] = [];
  /** So many ends of attempts fail by an error of the server. */
  failEnds = 0;
  private readonly pilotToken = randomUUID();
  private readonly uploads = new Map<string, Buffer>();
  private readonly granted = new Map<string, FakeJob[]>();
  private waiting: FakeJob[] = [];
  private wakeUps: (() => void)[] = [];
  private server: https.Server | undefined;
  private port = 0;

  get url(): string {
    return `https://127.0.0.1:${this.port}`;
  }

  async up(): Promise<this> {
    const server = https.createServer(this.certificates, (request, reply) => void this.serve(request, reply));
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
    return this;
  }

  async down(): Promise<void> {
    const server = this.server;
    this.server = undefined;
    server?.closeAllConnections();
    await new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
    this.wake();
  }

  submit(description: JobDescriptionInput, rest: Partial<ClaimedJob> & { inputs?: Buffer[] } = {}): FakeJob {
    const { inputs = [], ...granted } = rest;
    const claimed: ClaimedJob = {
      job_id: 100 + this.jobs.length,
      attempt: 1,
      token: `attempt-${randomUUID()}`,
      lease_seconds: this.leaseSeconds,
      owner: 'alice',
      owner_group: 'users',
      vo: 'vo',
      site: 'LCG.Test.local',
      processors: 1,
      memory: 100,
      gpus: 0,
      description: JobDescription.parse(description),
      ...granted,
    };
    const job: FakeJob = { claimed, inputs, statuses: [], gone: false };
    this.jobs.push(job);
    this.waiting.push(job);
    this.wake();
    return job;
  }

  kill(job: FakeJob): number {
    const { job_id, attempt } = job.claimed;
    const command_id = 1 + this.commands.length;
    this.commands.push({ command_id, job_id, attempt, command: 'Kill' });
    this.wake();
    return command_id;
  }

  /** Whether a claim has been granted this job. */
  grants(job: FakeJob): boolean {
    return [...this.granted.values()].some((jobs) => jobs.includes(job));
  }

  get log(): string {
    return this.logChunks.join('');
  }

  private wake(): void {
    for (const wake of this.wakeUps.splice(0)) wake();
  }

  private async serve(request: IncomingMessage, reply: ServerResponse): Promise<void> {
    // It was accepted while the server went down.
    if (this.server === undefined) return void request.socket.destroy();
    const parts: Buffer[] = [];
    try {
      for await (const part of request) parts.push(part as Buffer);
      const path = new URL(request.url ?? '/', this.url).pathname;
      this.requests.push(`${request.method} ${path}`);
      const [status, body] = await this.answer(request, path, Buffer.concat(parts));
      if (body === 'lost') return void request.socket.destroy();
      reply.writeHead(status).end(Buffer.isBuffer(body) ? body : body === undefined ? '' : JSON.stringify(body));
    } catch (error) {
      const { status, code } = error instanceof Refuse ? error : { status: 500, code: 'internal' };
      if (!(error instanceof Refuse) && request.complete) console.error('the fake server failed', error);
      reply.writeHead(status).end(JSON.stringify({ code, detail: code }));
    }
  }

  private async answer(request: IncomingMessage, path: string, raw: Buffer): Promise<[number, unknown?]> {
    if (path.startsWith('/api/pilot-files/')) return this.file(path);
    if (path.startsWith('/store/input/')) return this.input(path, request);
    if (path === '/store/output') return this.store(request, raw);
    const endpoint = pilotRoutes.find(({ method, path: route }) => {
      return method === request.method && new RegExp(`^${route.replace(/:\w+/g, '[^/]+')}$`).test(path);
    });
    if (endpoint === undefined) throw new Refuse(404, 'not-found');
    const body: unknown = endpoint.body?.parse(JSON.parse(raw.toString()));
    const token = request.headers.authorization?.replace('Bearer ', '');
    const result = await this.call(endpoint.name, { body: body as never, token, path });
    return result === 'lost' ? [0, 'lost'] : [endpoint.status, endpoint.reply?.parse(result)];
  }

  private async call(name: string, { body, token, path }: { body: never; token: string | undefined; path: string }) {
    if (name === pilots.token.name) return this.exchange(body);
    if (name.startsWith('execution.') && name !== execution.heartbeat.name)
      return this.attempt(name, this.jobOf(token), body);
    if (token !== this.pilotToken) throw new Refuse(401, 'invalid-token');
    switch (name) {
      case pilots.renew.name:
        return { access_token: this.pilotToken, expires_in: 3600 };
      case pilots.report.name:
        this.report = body;
        return { vo: 'vo', site: 'LCG.Test.local', ce: 'ce', queue: 'queue', tags: [] };
      case pilots.log.name:
        this.logChunks[Number(path.split('/').pop())] = (body as { text: string }).text;
        return undefined;
      case pilots.end.name:
        this.farewell = body;
        return undefined;
      case matching.claim.name:
        return this.claim(body);
      default:
        return this.heartbeat(body);
    }
  }

  private exchange(body: BodyOf<typeof pilots.token>): unknown {
    if (body.stamp !== this.stamp || body.secret !== this.secret) throw new Refuse(401, 'invalid-secret');
    return { access_token: this.pilotToken, expires_in: 3600 };
  }

  private async claim(body: BodyOf<typeof matching.claim>): Promise<unknown> {
    this.claims.push(body);
    for (const id of body.acknowledged) this.acknowledged.add(id);
    const commands = (): PilotCommand[] => this.commands.filter(({ command_id }) => !this.acknowledged.has(command_id));
    const end = Date.now() + body.wait * 1000;
    let jobs = this.granted.get(body.claim_id) ?? this.grant(body);
    while (
      jobs.length === 0 &&
      commands().length === 0 &&
      !this.drain &&
      Date.now() < end &&
      this.server !== undefined
    ) {
      await new Promise<void>((resolve) => {
        this.wakeUps.push(resolve);
        setTimeout(resolve, 100);
      });
      jobs = this.grant(body);
    }
    if (jobs.length > 0) this.granted.set(body.claim_id, jobs);
    if (jobs.length > 0 && this.loseClaimReply) {
      this.loseClaimReply = false;
      return 'lost';
    }
    const reply = { jobs: jobs.map(({ claimed }) => claimed), commands: commands(), drain: this.drain };
    if (jobs.length > 0) await this.claimReplies;
    return reply;
  }

  private grant({ offer, max_jobs }: BodyOf<typeof matching.claim>): FakeJob[] {
    let { processors, memory } = offer;
    const fitting: FakeJob[] = [];
    for (const job of this.waiting) {
      const { claimed } = job;
      if (fitting.length === max_jobs || claimed.processors > processors || claimed.memory > memory) continue;
      processors -= claimed.processors;
      memory -= claimed.memory;
      fitting.push(job);
    }
    this.waiting = this.waiting.filter((job) => !fitting.includes(job));
    return fitting;
  }

  private heartbeat(body: BodyOf<typeof execution.heartbeat>): unknown {
    this.heartbeats.push(body);
    this.beatTimes.push(Date.now());
    for (const id of body.acknowledged) this.acknowledged.add(id);
    const commands = this.commands.filter(({ command_id }) => !this.acknowledged.has(command_id));
    const attempts = body.attempts.map(({ job_id, attempt }) => {
      const job = this.jobs.find(({ claimed }) => claimed.job_id === job_id);
      return { job_id, attempt, outcome: job?.gone === false ? 'renewed' : 'gone', lease_seconds: this.leaseSeconds };
    });
    return { attempts, commands };
  }

  private jobOf(token: string | undefined): FakeJob {
    const job = this.jobs.find(({ claimed }) => claimed.token === token);
    if (job === undefined) throw new Refuse(401, 'invalid-token');
    if (job.gone) throw new Refuse(409, 'attempt-ended');
    return job;
  }

  private async attempt(name: string, job: FakeJob, body: never): Promise<unknown> {
    switch (name) {
      case execution.inputs.name: {
        const sandboxes = job.inputs.map((bytes, index) => {
          const pfn = `SB:store|/sha256:${createHash('sha256').update(bytes).digest('hex')}.tar.gz`;
          return { pfn, url: `/store/input/${job.claimed.job_id}/${index}`, expires_in: 60 };
        });
        await this.inputReplies;
        return { sandboxes };
      }
      case execution.status.name:
        job.statuses.push(body);
        return undefined;
      case execution.outputs.name:
        job.announced = (body as BodyOf<typeof execution.outputs>).checksum;
        return {
          pfn: `SB:store|/${job.claimed.job_id}`,
          url: '/store/output',
          fields: { key: String(job.claimed.job_id) },
        };
      case execution.assignOutputs.name:
        job.output = this.uploads.get(String(job.claimed.job_id)) ?? Buffer.alloc(0);
        return undefined;
      default:
        if (this.failEnds-- > 0) throw new Refuse(500, 'internal');
        job.end ??= body;
        return undefined;
    }
  }

  private file(path: string): [number, Buffer] {
    const bytes = this.files.get(path.replace('/api/pilot-files/', ''));
    if (bytes === undefined) throw new Refuse(404, 'not-found');
    return [200, bytes];
  }

  private input(path: string, request: IncomingMessage): [number, Buffer] {
    const [, id, index] = /(\d+)\/(\d+)$/.exec(path) ?? [];
    const bytes = this.jobs.find(({ claimed }) => claimed.job_id === Number(id))?.inputs[Number(index)];
    if (bytes === undefined || request.headers.authorization !== undefined) throw new Refuse(404, 'object-not-found');
    return [200, bytes];
  }

  private store(request: IncomingMessage, raw: Buffer): [number, unknown?] {
    const answer = this.storeAnswers.shift();
    if (answer !== undefined) return [answer, answer === 0 ? 'lost' : undefined];
    const boundary = /boundary=(.+)$/.exec(request.headers['content-type'] ?? '')?.[1] ?? '';
    const text = raw.toString('latin1');
    const key = /name="key"\r\n\r\n(\d+)\r\n/.exec(text)?.[1] ?? '';
    const start = text.indexOf('\r\n\r\n', text.indexOf('name="file"')) + 4;
    this.uploads.set(key, raw.subarray(start, text.lastIndexOf(`\r\n--${boundary}--`)));
    return [204];
  }
}
