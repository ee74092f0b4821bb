import type { JobKind, JobKinds } from './job-kind.js';
import type { Scenario } from './scenario.js';
import { workloads } from './workloads/index.js';

const day = 86_400;

/** Jobs of one kind, how many come when. Times in seconds. */
export interface Submitter {
  kind: JobKind;
  atStart: number;
  /** So many every so many seconds; null when no more come. */
  stream: { jobs: number; every: number; from: number; to: number } | null;
  /** Submits when fewer wait. */
  keepWaiting: number;
}

/** The submitters of a scenario, whose kinds of jobs are added to `kinds`. Scaled. */
export function submittersOf(scenario: Scenario, kinds: JobKinds): Submitter[] {
  const users = scenario.users.map((user): Submitter => {
    const { vo, group, owner, job: description, work, failures, at_once: jobs } = user;
    const [from, to] = [user.from_day * day, (user.to_day ?? Infinity) * day];
    const perDay = user.per_day * scenario.scale;
    return {
      kind: kinds.add({ vo, group, owner, description, work, failures }),
      atStart: scaled(user.at_start, scenario),
      stream: perDay > 0 ? { jobs, every: (jobs * day) / perDay, from, to } : null,
      keepWaiting: scaled(user.keep_waiting, scenario),
    };
  });
  return [...users, ...scenario.mixtures.flatMap((mixture) => mixtureOf(mixture, scenario, kinds))];
}

/** Task queues of a mixture have their part of the jobs that wait at the beginning, and of those that come. */
function mixtureOf(mixture: Scenario['mixtures'][number], scenario: Scenario, kinds: JobKinds): Submitter[] {
  const { vo, work, failures } = mixture;
  const whole = 1_000_000;
  return workloads[mixture.like](whole).queues.map(({ group, owner, description, jobs }): Submitter => {
    const part = (jobs / whole) * scenario.scale;
    const perDay = mixture.per_day * part;
    // About every ten minutes where that is more than one job.
    const atOnce = Math.max(1, Math.round(perDay / 144));
    return {
      kind: kinds.add({ vo, group, owner, description, work, failures }),
      atStart: Math.round(mixture.at_start * part),
      stream: perDay > 0 ? { jobs: atOnce, every: (atOnce * day) / perDay, from: 0, to: Infinity } : null,
      keepWaiting: 0,
    };
  });
}

/** So many, scaled; at least one of what there is at all. */
export function scaled(count: number, { scale }: Pick<Scenario, 'scale'>): number {
  return count === 0 ? 0 : Math.max(1, Math.round(count * scale));
}
