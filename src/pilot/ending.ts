import { type AttemptOutcome, type FailureClass, minor, rescheduleExitCode } from '../contract/index.js';
import type { Verdict } from './watchdog.js';

/** Why a payload is stopped before it ended by itself. */
export type StopReason =
  | { kind: 'killed' }
  /** The attempt has ended on the server: nothing may be reported. */
  | { kind: 'gone' }
  | { kind: 'lease' }
  | { kind: 'pilot'; because: string }
  | { kind: 'limit'; verdict: Verdict };

/** How an attempt ended. */
export interface Ending {
  outcome: AttemptOutcome;
  failure_class?: FailureClass;
  exit_code?: number;
  minor_status: string;
  application_status?: string;
}

/** The ending of a payload that ran to its end. */
export function endingOfExit(code: number): Ending {
  if (code === 0) return { outcome: 'done', exit_code: 0, minor_status: minor.executionComplete };
  if (code === rescheduleExitCode) {
    return {
      outcome: 'reschedule',
      failure_class: 'reschedule',
      exit_code: code,
      minor_status: minor.goingToReschedule,
    };
  }
  return { outcome: 'failed', failure_class: 'payload', exit_code: code, minor_status: minor.applicationErrors };
}

/** The ending of a payload that was stopped; undefined when the server wants to hear none. */
export function endingOfStop(reason: StopReason): Ending | undefined {
  switch (reason.kind) {
    case 'gone':
      return undefined;
    case 'killed':
      return { outcome: 'killed', failure_class: 'killed', minor_status: minor.receivedKill };
    case 'lease':
      return { outcome: 'failed', failure_class: 'infrastructure', minor_status: minor.leaseExpired };
    case 'pilot':
      return failed('infrastructure', 'Pilot was stopped', reason.because);
    case 'limit':
      return failed('limit', reason.verdict.minor, reason.verdict.detail);
  }
}

/** A failure with its class and minor state, and a sentence for the owner. */
export function failed(failureClass: FailureClass, minorStatus: string, detail: string): Ending {
  return {
    outcome: 'failed',
    failure_class: failureClass,
    minor_status: minorStatus,
    application_status: detail.slice(0, 255),
  };
}
