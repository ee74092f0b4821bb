import type { RunState } from '../../ce/index.js';
import type { PilotStatus } from '../../contract/index.js';

/** Seconds that a CE may not know a pilot before it is given up. */
export const unknownSeconds = 3_600;

/** A step of a pilot. `gone` means that its CE says that it has ended, so its attempts have ended too. */
export interface PilotStep {
  to: PilotStatus;
  reason: string;
  gone: boolean;
}

/** What the state of its run means for a pilot; null when nothing changes. */
export function stepOf(
  pilot: { status: PilotStatus; contacted: boolean; unchangedFor: number },
  run: RunState,
): PilotStep | null {
  const detail = run.reason ?? (run.exitCode === undefined ? '' : `exit code ${run.exitCode}`);
  const said = (text: string): string => (detail === '' ? text : `${text}: ${detail}`);
  const step = (to: PilotStatus, reason: string): PilotStep | null =>
    to === pilot.status ? null : { to, reason, gone: false };
  switch (run.status) {
    case 'waiting':
      // A pilot that has talked to the server runs, whatever its CE believes.
      return pilot.contacted ? null : step('Waiting', 'Waits at its CE');
    case 'running':
      return step('Running', 'Runs, says its CE');
    case 'done':
    case 'failed':
      if (!pilot.contacted) return { to: 'Aborted', reason: said('Ended without contacting the server'), gone: true };
      return { to: run.status === 'done' ? 'Done' : 'Failed', reason: said('Ended, says its CE'), gone: true };
    case 'stopped':
      return { to: pilot.contacted ? 'Deleted' : 'Aborted', reason: said('Stopped at its CE'), gone: true };
    case 'unknown':
      if (pilot.status !== 'Unknown') return step('Unknown', 'Its CE does not know it');
      return pilot.unchangedFor > unknownSeconds ? step('Aborted', 'Its CE has not known it for an hour') : null;
  }
}
