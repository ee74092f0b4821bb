import { type JobColumn, jobColumns, jobStates } from '../../contract/index.js';
import { type CellColumn, cellColumns, grainFor } from '../counters/index.js';
import type { Column, Searchable } from '../search/index.js';

const definitions: Record<JobColumn, Column> = {
  JobID: { sql: 'j.job_id', kind: 'integer' },
  JobType: { sql: 'j.job_type', kind: 'text' },
  JobGroup: { sql: 'j.job_group', kind: 'text' },
  Site: { sql: 'j.site', kind: 'text' },
  JobName: { sql: 'j.job_name', kind: 'text' },
  Owner: { sql: 'j.owner', kind: 'text' },
  OwnerGroup: { sql: 'j.owner_group', kind: 'text' },
  VO: { sql: 'j.vo', kind: 'text' },
  SubmissionTime: { sql: 'j.submission_time', kind: 'time' },
  RescheduleTime: { sql: 'j.reschedule_time', kind: 'time' },
  LastUpdateTime: { sql: 'j.last_update_time', kind: 'time' },
  StartExecTime: { sql: 'j.start_exec_time', kind: 'time' },
  HeartBeatTime: { sql: 'j.heart_beat_time', kind: 'time' },
  EndExecTime: { sql: 'j.end_exec_time', kind: 'time' },
  Status: { sql: 'j.status', kind: 'text' },
  MinorStatus: { sql: 'j.minor_status', kind: 'text' },
  ApplicationStatus: { sql: 'j.application_status', kind: 'text' },
  UserPriority: { sql: 'j.user_priority', kind: 'integer' },
  RescheduleCounter: { sql: 'j.reschedule_counter', kind: 'integer' },
  VerifiedFlag: { sql: 'j.verified_flag', kind: 'boolean' },
  AccountedFlag: { sql: 'j.accounted_flag', kind: 'flag' },
};

const counted = new Map<string, CellColumn>(cellColumns.map((column) => [`j.${column}`, column]));

/** The jobs as callers search them: DiracX's columns, and their pilots by stamp. */
export const searchableJobs: Searchable = {
  unit: 'jobs',
  from: 'jobs j',
  columns: new Map(jobColumns.map((name) => [name, definitions[name]])),
  key: 'JobID',
  pseudo: {
    name: 'PilotStamp',
    column: 'JobID',
    kind: 'text',
    condition: (stamps) => ({
      sql: 'j.job_id IN (SELECT a.job_id FROM attempts a WHERE a.pilot_stamp IN (?))',
      values: [stamps.map(String)],
    }),
  },
  counters: {
    jobs: 'j.jobs',
    tables(expressions) {
      const columns = [...expressions].map((expression) => counted.get(expression));
      if (columns.some((column) => column === undefined)) return null;
      const grain = grainFor(columns.flatMap((column) => column ?? []));
      return [
        { sql: 'job_counts j WHERE j.grain = ?', values: [grain] },
        { sql: 'job_count_deltas j WHERE TRUE', values: [] },
      ];
    },
  },
  ordered: {
    split: { column: 'Status', values: jobStates },
    leading: ['VO'],
    indexes: [
      { name: 'by_group', column: 'JobGroup', split: false },
      { name: 'by_owner', column: 'Owner', split: true },
      { name: 'by_site', column: 'Site', split: true },
      { name: 'by_status', column: null, split: true },
    ],
  },
};
