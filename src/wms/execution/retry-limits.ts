import type { Configuration } from '../../configuration/index.js';

/** How often a job may be run again. */
export interface RetryLimits {
  /** By its user, or charged to its user. */
  maxRescheduling: number;
  /** Because the infrastructure lost an attempt. */
  maxInfrastructureFailures: number;
}

/** The limits of a VO. A VO that is no longer configured grants no retries. */
export function retryLimitsOf({ vos }: Configuration, vo: string): RetryLimits {
  const limits = vos[vo]?.jobs;
  return {
    maxRescheduling: limits?.max_rescheduling ?? 0,
    maxInfrastructureFailures: limits?.max_infrastructure_failures ?? 0,
  };
}
