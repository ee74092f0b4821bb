/** The fifteen stored states of a job; the names are DIRAC's and DiracX's. */
export const jobStates = [
  'Submitting',
  'Received',
  'Checking',
  'Staging',
  'Waiting',
  'Matched',
  'Running',
  'Stalled',
  'Completing',
  'Done',
  'Completed',
  'Failed',
  'Deleted',
  'Killed',
  'Rescheduled',
] as const;
export type JobStatus = (typeof jobStates)[number];

/**
 * The state machine: from each state, the states that a job may go to.
 * It is DIRAC's table, with Running and Stalled able to be rescheduled, and Deleted final.
 */
export const nextStates: Readonly<Record<JobStatus, readonly JobStatus[]>> = {
  Submitting: ['Received', 'Checking', 'Deleted', 'Killed'],
  Received: ['Checking', 'Waiting', 'Failed', 'Deleted', 'Killed'],
  Checking: ['Staging', 'Waiting', 'Rescheduled', 'Failed', 'Deleted', 'Killed'],
  Staging: ['Checking', 'Waiting', 'Failed', 'Killed'],
  Waiting: ['Matched', 'Rescheduled', 'Failed', 'Deleted', 'Killed'],
  Matched: ['Running', 'Failed', 'Rescheduled', 'Killed'],
  Running: ['Stalled', 'Done', 'Failed', 'Rescheduled', 'Completing', 'Killed'],
  Stalled: ['Running', 'Completing', 'Done', 'Failed', 'Rescheduled', 'Killed'],
  Completing: ['Done', 'Failed', 'Completed', 'Stalled', 'Rescheduled', 'Killed'],
  Completed: ['Done', 'Failed'],
  Done: ['Deleted'],
  Failed: ['Rescheduled', 'Deleted'],
  Killed: ['Rescheduled', 'Deleted'],
  Deleted: [],
  Rescheduled: ['Waiting', 'Received', 'Deleted', 'Failed', 'Killed'],
};

/** Whether the state machine lets a job go from one state to the other. Staying is not a move. */
export function mayMove(from: JobStatus, to: JobStatus): boolean {
  return nextStates[from].includes(to);
}

/** States in which the payload has finished for good, unless somebody reschedules the job. */
export const finalStates: readonly JobStatus[] = ['Done', 'Completed', 'Failed', 'Killed', 'Deleted'];

/** States in which a pilot holds the job. */
export const heldStates: readonly JobStatus[] = ['Matched', 'Running', 'Stalled', 'Completing'];

/** Minor states that Pilotage itself writes; others are free text of at most 128 characters. */
export const minor = {
  accepted: 'Job accepted',
  confirmation: 'Bulk transaction confirmation',
  waiting: 'Pilot Agent Submission',
  onHold: 'On Hold: no requested site is active',
  assigned: 'Assigned',
  initialization: 'Job Initialization',
  downloadingInputs: 'Downloading InputSandbox',
  application: 'Application',
  applicationOk: 'Application Finished Successfully',
  applicationErrors: 'Application Finished With Errors',
  uploadingOutputs: 'Uploading Outputs',
  executionComplete: 'Execution Complete',
  rescheduled: 'Job Rescheduled',
  maximumReschedulings: 'Maximum of reschedulings reached',
  markedForTermination: 'Marked for termination',
  markedForDeletion: 'Marked for deletion',
  receivedKill: 'Received Kill signal',
  applicationNotFound: 'Application not found',
  leaseExpired: 'Job stalled: pilot not running',
  stalled: 'Pilot silent',
  wallClock: 'Job has exceeded maximum wall clock time',
  cpuLimit: 'Job has reached the CPU limit of the queue',
  diskSpace: 'Job has insufficient disk space to continue',
  memory: 'Job has exceeded its memory limit',
  noProgress: 'Watchdog identified this job as stalled',
  goingToReschedule: 'Going to reschedule job',
  inputFailed: 'Failed Downloading InputSandbox',
  outputFailed: 'Uploading Output Sandbox',
} as const;

/**
 * Why an attempt failed, by who must act. `payload`: the program ended with an error. `limit`: it used more wall time, CPU,
 * memory or disk than it may. `input`/`output`: its sandboxes could not be brought in or out. `infrastructure`: the node,
 * the pilot or its lease went away; never charged to the user. `killed`: somebody asked for it. `reschedule`: the payload
 * itself asked to be run again (exit code 222, DIRAC's EWMSRESC).
 */
export const failureClasses = [
  'payload',
  'limit',
  'input',
  'output',
  'infrastructure',
  'killed',
  'reschedule',
] as const;
export type FailureClass = (typeof failureClasses)[number];
