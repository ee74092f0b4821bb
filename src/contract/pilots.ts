import { z } from 'zod';
import { endpoint } from './endpoint.js';
import { Paging, Row, SearchBody, SummaryBody } from './search.js';
import { pilotStates } from './pilot-state.js';
import { JobId, Stamp, Time } from './values.js';

const dialect = 'diracx' as const;

/** The columns of a pilot row, in DiracX's order. */
export const pilotColumns = [
  'PilotID',
  'InitialJobID',
  'CurrentJobID',
  'PilotJobReference',
  'PilotStamp',
  'DestinationSite',
  'Queue',
  'GridSite',
  'VO',
  'GridType',
  'BenchMark',
  'SubmissionTime',
  'LastUpdateTime',
  'Status',
  'StatusReason',
  'AccountingSent',
] as const;

/** What a pilot found on its node. Memory and disk in MB; `cpu_power` is the benchmark score per core (DB12 scale). */
export const NodeReport = z.object({
  hostname: z.string().max(255),
  platform: z.string().max(128),
  architecture: z.string().max(32),
  processors: z.number().int().min(1).max(65_535),
  memory: z.number().int().min(0),
  gpus: z.number().int().min(0).default(0),
  disk: z.number().min(0),
  cpu_model: z.string().max(255).default(''),
  cpu_power: z.number().min(0),
  benchmark_version: z.string().max(32),
  isolation: z.enum(['bubblewrap', 'apptainer', 'uid', 'none']),
  batch_system: z.string().max(64).default(''),
  batch_job: z.string().max(255).default(''),
  /** SHA-256 of the pilot bundle that runs. */
  bundle: z.string().max(64).default(''),
  wall_left: z.number().min(0).nullable().default(null),
});
export type NodeReport = z.output<typeof NodeReport>;

const PilotToken = z.object({ access_token: z.string(), expires_in: z.number() });
const self = '/api/pilots/self';
const OnePilot = z.object({ stamp: Stamp });

/** Everything known of one pilot. */
export const PilotDetails = z.object({
  pilot: Row,
  node: z.record(z.string(), z.unknown()).nullable(),
  jobs: z.array(z.object({ job_id: JobId, attempt: z.number(), claimed_at: Time, ended_at: Time.nullable() })),
  log: z.object({ state: z.enum(['none', 'open', 'sealed']), chunks: z.number(), bytes: z.number() }),
});

/** The manifest of a sealed pilot log. */
export const LogManifest = z.object({
  stamp: Stamp,
  vo: z.string(),
  bytes: z.number(),
  sha256: z.string(),
  chunks: z.array(z.object({ number: z.number(), bytes: z.number(), sha256: z.string(), received_at: Time })),
  /** `pilot`: the pilot said goodbye; `vanished`: it went silent or its CE says that it is gone. */
  sealed_because: z.enum(['pilot', 'vanished']),
  sealed_at: Time,
});
export type LogManifest = z.output<typeof LogManifest>;

/** The largest text of one log chunk, in characters. */
export const logChunkLimit = 262_144;
/** What a pilot puts into one chunk at most, in characters: six bytes of JSON each stay below the largest body. */
export const logChunkSize = 131_072;
/** By so many bytes the last words of a pilot may exceed the limit of its log. */
export const lastWordsLimit = 65_536;

/** Routes of pilots themselves, and routes about pilots. */
export const pilots = {
  token: endpoint({
    name: 'pilots.token',
    method: 'POST',
    path: '/api/pilots/token',
    access: 'public',
    traffic: 'exchange',
    summary: 'Exchange the one-time secret for a pilot token',
    repeatable: true,
    body: z.object({
      stamp: Stamp,
      secret: z.string().min(16).max(256),
      /** Chosen once by the pilot: the same id may repeat the exchange when the reply was lost. */
      exchange_id: z.uuid(),
    }),
    reply: PilotToken,
  }),
  renew: endpoint({
    name: 'pilots.renew',
    method: 'POST',
    path: `${self}/token`,
    access: 'pilot',
    summary: 'A fresh pilot token before the old one expires',
    repeatable: true,
    reply: PilotToken,
  }),
  report: endpoint({
    name: 'pilots.report',
    method: 'PUT',
    path: `${self}/node`,
    access: 'pilot',
    summary: 'What the pilot found on its node; marks it Running',
    body: NodeReport,
    reply: z.object({ vo: z.string(), site: z.string(), ce: z.string(), queue: z.string(), tags: z.array(z.string()) }),
  }),
  log: endpoint({
    name: 'pilots.log',
    method: 'PUT',
    path: `${self}/log/:number`,
    access: 'pilot',
    summary: 'Store one chunk of the pilot log; a number that is already stored changes nothing',
    params: z.object({ number: z.coerce.number().int().min(0) }),
    body: z.object({
      text: z.string().max(logChunkLimit),
      /** The end of a log that has reached its limit: it may exceed the limit a little. */
      last: z.boolean().default(false),
    }),
    status: 204,
  }),
  end: endpoint({
    name: 'pilots.end',
    method: 'POST',
    path: `${self}/end`,
    access: 'pilot',
    summary: 'The pilot has stopped all payloads and ends; its log is sealed',
    repeatable: true,
    body: z.object({ status: z.enum(['Done', 'Failed']), reason: z.string().max(255) }),
    status: 204,
  }),

  register: endpoint({
    name: 'pilots.register',
    method: 'POST',
    path: '/api/pilots/',
    access: 'register-pilots',
    traffic: 'report',
    summary: 'Register a pilot that something else started',
    dialect,
    status: 201,
    body: z.strictObject({
      pilot_stamp: z.string().min(1).max(32),
      vo: z.string().min(1).max(128),
      grid_type: z.string().max(32).default('DIRAC'),
      grid_site: z.string().max(128).default('Unknown'),
      destination_site: z.string().max(128).default('NotAssigned'),
      pilot_reference: z.string().max(255).nullish(),
      pilot_status: z.enum(pilotStates).default('Submitted'),
    }),
    reply: z.null(),
  }),
  setMetadata: endpoint({
    name: 'pilots.setMetadata',
    method: 'PATCH',
    path: '/api/pilots/metadata',
    access: 'register-pilots',
    traffic: 'report',
    summary: 'Set fields of pilots',
    dialect,
    status: 204,
    body: z.record(
      z.string(),
      z.strictObject({
        StatusReason: z.string().max(255).nullish(),
        Status: z.enum(pilotStates).nullish(),
        BenchMark: z.number().nullish(),
        DestinationSite: z.string().max(128).nullish(),
        Queue: z.string().max(128).nullish(),
        GridSite: z.string().max(128).nullish(),
        GridType: z.string().max(32).nullish(),
        AccountingSent: z.boolean().nullish(),
        CurrentJobID: JobId.nullish(),
      }),
    ),
  }),
  search: endpoint({
    name: 'pilots.search',
    method: 'POST',
    path: '/api/pilots/search',
    access: 'read-pilots',
    traffic: 'search',
    summary: 'Search pilots by columns; pages with Content-Range',
    dialect,
    query: Paging,
    body: SearchBody,
    reply: z.array(Row),
  }),
  summary: endpoint({
    name: 'pilots.summary',
    method: 'POST',
    path: '/api/pilots/summary',
    access: 'read-pilots',
    traffic: 'search',
    summary: 'Count pilots grouped by columns',
    dialect,
    body: SummaryBody,
    reply: z.array(Row),
  }),
  find: endpoint({
    name: 'pilots.find',
    method: 'GET',
    path: '/api/pilots/:stamp',
    access: 'read-pilots',
    summary: 'One pilot: row, node, jobs and the state of its log',
    params: OnePilot,
    reply: PilotDetails,
  }),
  readLog: endpoint({
    name: 'pilots.readLog',
    method: 'GET',
    path: '/api/pilots/:stamp/log',
    access: 'read-pilots',
    traffic: 'stream',
    summary: 'The log of a pilot as text, from the storage element; `from` skips bytes',
    params: OnePilot,
    query: z.object({ from: z.coerce.number().int().min(0).default(0) }),
  }),
  followLog: endpoint({
    name: 'pilots.followLog',
    method: 'GET',
    path: '/api/pilots/:stamp/log/stream',
    access: 'read-pilots',
    traffic: 'stream',
    summary: 'The log of a pilot as server-sent events (`chunk`, then `sealed`), live; honours Last-Event-ID',
    params: OnePilot,
  }),
  logManifest: endpoint({
    name: 'pilots.logManifest',
    method: 'GET',
    path: '/api/pilots/:stamp/log/manifest',
    access: 'read-pilots',
    summary: 'The manifest of a sealed log',
    params: OnePilot,
    reply: LogManifest,
  }),
  ofJob: endpoint({
    name: 'pilots.ofJob',
    method: 'GET',
    path: '/api/jobs/:id/pilots',
    access: 'read-jobs',
    summary: 'The stamps of the pilots that ran the attempts of a job, latest attempt last',
    params: z.object({ id: JobId }),
    reply: z.object({ pilots: z.array(z.object({ attempt: z.number(), stamp: z.string() })) }),
  }),
} as const;
