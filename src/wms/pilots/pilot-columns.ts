import { pilotColumns } from '../../contract/index.js';
import type { Column, Searchable } from '../search/index.js';

const definitions: Record<(typeof pilotColumns)[number], Column> = {
  PilotID: { sql: 'p.pilot_id', kind: 'integer' },
  InitialJobID: { sql: 'p.initial_job_id', kind: 'integer' },
  CurrentJobID: { sql: 'p.current_job_id', kind: 'integer' },
  PilotJobReference: { sql: 'COALESCE(p.reference, p.stamp)', kind: 'text' },
  PilotStamp: { sql: 'p.stamp', kind: 'text' },
  DestinationSite: { sql: 'p.ce', kind: 'text' },
  Queue: { sql: 'p.queue', kind: 'text' },
  GridSite: { sql: 'p.site', kind: 'text' },
  VO: { sql: 'p.vo', kind: 'text' },
  GridType: { sql: 'p.grid_type', kind: 'text' },
  BenchMark: { sql: 'p.bench_mark', kind: 'number' },
  SubmissionTime: { sql: 'p.submission_time', kind: 'time' },
  LastUpdateTime: { sql: 'p.last_update_time', kind: 'time' },
  Status: { sql: 'p.status', kind: 'text' },
  StatusReason: { sql: 'p.status_reason', kind: 'text' },
  AccountingSent: { sql: 'p.accounting_sent', kind: 'boolean' },
};

/** The pilots as callers search them: DiracX's columns, and the jobs that they ran by id. */
export const searchablePilots: Searchable = {
  unit: 'pilots',
  from: 'pilots p',
  columns: new Map(pilotColumns.map((name) => [name, definitions[name]])),
  key: 'PilotID',
  pseudo: {
    name: 'JobID',
    column: 'PilotID',
    kind: 'integer',
    condition: (ids) => ({
      sql: 'p.stamp IN (SELECT a.pilot_stamp FROM attempts a WHERE a.job_id IN (?))',
      values: [ids.map(Number)],
    }),
  },
};
