import { createHash } from 'node:crypto';
import {
  jobs,
  ListBody,
  objects,
  parametricCount,
  JobDescription,
  Refusal,
  sandboxes,
  server,
  type SandboxInfo,
  type SearchBody,
  type SearchSpec,
} from '../../src/contract/index.js';
import type { FakeReply, FakeRequest, FakeServer } from './fake-server.js';

export type FakeRow = Record<string, string | number | null>;

const time = '2026-11-23T20:15:00.250000Z';

/** A job row with everything that tests do not care about. */
export function jobRow(row: Partial<FakeRow> & { JobID: number }): FakeRow {
  return {
    JobName: 'hello',
    JobGroup: '00000000',
    Owner: 'alice',
    OwnerGroup: 'demo_user',
    Site: 'Demo.Local',
    Status: 'Waiting',
    MinorStatus: 'Pilot Agent Submission',
    ApplicationStatus: 'Unknown',
    SubmissionTime: time,
    LastUpdateTime: time,
    ...row,
  } as FakeRow;
}

/** Lets a fake search rows: conditions, order and pages. */
export function searchIn(rows: () => readonly FakeRow[], unit: string): (request: FakeRequest) => FakeReply {
  return ({ body, query }) => {
    const { search, sort, parameters } = body as SearchBody;
    const [order] = sort;
    const found = rows().filter((row) => search.every((condition) => fulfils(row, condition)));
    if (order !== undefined) {
      const sign = order.direction === 'desc' ? -1 : 1;
      found.sort((a, b) => sign * (Number(a[order.parameter]) - Number(b[order.parameter])));
    }
    const size = Number(query.get('per_page') ?? '100');
    const page = found.slice(0, size).map((row) => project(row, parameters));
    if (page.length === found.length) return { body: page };
    return { status: 206, body: page, headers: { 'content-range': `${unit} 0-${page.length - 1}/${found.length}` } };
  };
}

/** The same for a listing with a cursor, which is the last id here. */
export function listIn(rows: () => readonly FakeRow[]): (request: FakeRequest) => FakeReply {
  return ({ body }) => {
    const { search, parameters, limit, cursor, total } = ListBody.parse(body);
    const found = rows().filter((row) => search.every((condition) => fulfils(row, condition)));
    found.sort((a, b) => Number(b.JobID) - Number(a.JobID));
    const rest = found.filter((row) => Number(row.JobID) < Number(cursor ?? Infinity));
    const stretch = rest.slice(0, limit);
    const next = rest.length > limit ? String(stretch.at(-1)?.JobID) : null;
    const shown = stretch.map((row) => project(row, parameters));
    return { body: { jobs: shown, next, total: total ? found.length : null } };
  };
}

function project(row: FakeRow, parameters: readonly string[] | null | undefined): FakeRow {
  const entries = Object.entries(row).filter(([name]) => parameters?.includes(name) ?? true);
  return Object.fromEntries(entries);
}

function fulfils(row: FakeRow, condition: SearchSpec): boolean {
  const value = row[condition.parameter];
  if ('values' in condition) return (condition.values as unknown[]).includes(value) === (condition.operator === 'in');
  if (condition.operator === 'eq') return value === condition.value;
  if (condition.operator === 'lt') return (value ?? '') < condition.value;
  if (condition.operator === 'gt') return (value ?? '') > condition.value;
  throw new Error(`the fake does not know ${condition.operator}`);
}

/** A fake that takes jobs and sandboxes, as user alice of VO demo. */
export class FakeJobs {
  readonly rows: FakeRow[] = [];
  readonly descriptions: JobDescription[] = [];
  readonly objects = new Map<string, Buffer>();
  /** Output sandboxes of jobs, by id. */
  readonly outputs = new Map<number, string[]>();

  constructor(fake: FakeServer) {
    fake.on(server.userinfo, () => ({ body: userinfo }));
    fake.on(
      jobs.search,
      searchIn(() => this.rows, 'jobs'),
    );
    fake.on(
      jobs.list,
      listIn(() => this.rows),
    );
    fake.on(jobs.submit, (request) => this.submit(request));
    fake.on(sandboxes.initiate, ({ body }) => this.initiate(body as SandboxInfo));
    fake.on(objects.upload, ({ raw }) => this.upload(raw));
    fake.on(sandboxes.ofJobByKind, ({ params }) => ({ body: this.outputs.get(Number(params['id'])) ?? [null] }));
    fake.on(sandboxes.download, ({ query }) => ({
      body: { url: `/api/objects/download?key=${encodeURIComponent(query.get('pfn') ?? '')}`, expires_in: 300 },
    }));
    fake.on(objects.download, ({ query }) => {
      const bytes = this.objects.get(query.get('key') ?? '');
      if (bytes === undefined) throw new Refusal('object-not-found');
      return { body: bytes };
    });
  }

  private submit({ body }: FakeRequest): FakeReply {
    const accepted = (body as { jobs: unknown[] }).jobs.flatMap((given) => {
      const description = JobDescription.parse(given);
      return Array.from({ length: parametricCount(description) ?? 1 }, () => {
        const id = 1001 + this.rows.length;
        this.descriptions.push(description);
        this.rows.push(jobRow({ JobID: id, JobName: description.job_name }));
        return { JobID: id, Status: 'Received', MinorStatus: 'Job accepted', TimeStamp: time };
      });
    });
    return { body: { jobs: accepted } };
  }

  private initiate(info: SandboxInfo): FakeReply {
    const pfn = `SB:SandboxSE|/S3/b/demo/${info.checksum}.${info.format}`;
    const known = this.objects.has(pfn);
    return {
      body: {
        pfn,
        url: known ? null : '/api/objects/upload',
        fields: known ? {} : { key: pfn, sha256: info.checksum },
      },
    };
  }

  private upload(raw: Buffer): FakeReply {
    const text = raw.toString('latin1');
    const field = (name: string): string => new RegExp(`name="${name}"\\r\\n\\r\\n([^\\r]*)`).exec(text)?.[1] ?? '';
    const start = text.indexOf('\r\n\r\n', text.indexOf('name="file"')) + 4;
    const bytes = raw.subarray(start, text.lastIndexOf('\r\n--'));
    if (createHash('sha256').update(bytes).digest('hex') !== field('sha256')) throw new Refusal('sandbox-mismatch');
    this.objects.set(field('key'), bytes);
    return {};
  }
}

const userinfo = {
  sub: 'demo:1',
  vo: 'demo',
  dirac_group: 'demo_user',
  policies: {},
  properties: ['NormalUser'],
  preferred_username: 'alice',
};
