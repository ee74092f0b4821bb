/** States of a pilot; the names are DIRAC's. */
export const pilotStates = [
  'Submitted',
  'Waiting',
  'Running',
  'Done',
  'Failed',
  'Deleted',
  'Aborted',
  'Unknown',
] as const;
export type PilotStatus = (typeof pilotStates)[number];

/** The state machine of pilots. Final states have no way out: a late answer of a CE cannot revive a pilot. */
export const nextPilotStates: Readonly<Record<PilotStatus, readonly PilotStatus[]>> = {
  Submitted: ['Waiting', 'Running', 'Done', 'Failed', 'Deleted', 'Aborted', 'Unknown'],
  Waiting: ['Running', 'Done', 'Failed', 'Deleted', 'Aborted', 'Unknown'],
  Running: ['Done', 'Failed', 'Deleted', 'Aborted', 'Unknown'],
  Unknown: ['Waiting', 'Running', 'Done', 'Failed', 'Deleted', 'Aborted'],
  Done: [],
  Failed: [],
  Deleted: [],
  Aborted: [],
};

export const finalPilotStates: readonly PilotStatus[] = ['Done', 'Failed', 'Deleted', 'Aborted'];
/** States in which a pilot is on its way but has not asked for jobs yet. */
export const waitingPilotStates: readonly PilotStatus[] = ['Submitted', 'Waiting'];

/** A pilot stamp: 32 hexadecimal digits. */
export const stampPattern = /^[0-9a-f]{32}$/;
