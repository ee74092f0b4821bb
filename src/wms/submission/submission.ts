import { Injectable } from '@nestjs/common';
import { CurrentConfiguration } from '../../configuration/index.js';
import { type AcceptedJob, parametricCount, Refusal } from '../../contract/index.js';
import { Sandboxes } from '../outputs/sandboxes.js';
import { type JobRules, rulesOf } from './check-limits.js';
import { checkSandboxNames } from './check-sandbox-names.js';
import { Findings } from './findings.js';
import { JobRegister } from './job-register.js';
import type { Submitter } from './new-jobs.js';
import { type PreparedDescription, prepareJobs } from './prepare.js';
import { readJdls, readJsons, type SubmittedDescription } from './read-descriptions.js';
import { repeatableOf } from './repeated-requests.js';
import { WaitingJobs } from './waiting-jobs.js';

/** A call as it came: its route, its idempotency key, its body. */
interface Arrival {
  route: 'jobs.submitJdl' | 'jobs.submit';
  key: string | undefined;
  body: unknown[];
}

/**
 * The way of a job into the system: read → check everything → expand → number → one transaction. All jobs of a call are
 * accepted, or none. Owner, group and VO are the submitter's, whatever a description says.
 */
@Injectable()
export class Submission {
  constructor(
    private readonly configuration: CurrentConfiguration,
    private readonly sandboxes: Sandboxes,
    private readonly waiting: WaitingJobs,
    private readonly register: JobRegister,
  ) {}

  /** Submits JDL texts, with the limits of DiracX's call: few jobs, and a parametric one comes alone. */
  submitJdls(submitter: Submitter, texts: string[], key?: string): Promise<AcceptedJob[]> {
    return this.accept(submitter, { route: 'jobs.submitJdl', key, body: texts }, async ({ limits }, findings) => {
      if (texts.length === 0) throw new Refusal('jdl-syntax', 'JDL syntax error: there is no JDL');
      const most = limits.max_jobs_per_jdl_call;
      const message = `Normal user cannot submit more than ${most} jobs at once`;
      if (texts.length > most) throw new Refusal('too-many-jobs', message);
      const read = await readJdls(texts, findings);
      if (texts.length > 1 && read.some(({ description }) => description.parametric !== undefined)) {
        throw new Refusal('invalid-description', 'You cannot submit parametric jobs in a bulk fashion');
      }
      if (countJobs(read) > most) throw new Refusal('too-many-jobs', message);
      return read;
    });
  }

  /** Submits JSON descriptions, each of which may be parametric. */
  submitJsons(submitter: Submitter, inputs: unknown[], key?: string): Promise<AcceptedJob[]> {
    return this.accept(submitter, { route: 'jobs.submit', key, body: inputs }, async ({ limits }, findings) => {
      refuseTooMany(inputs.length, limits.max_jobs_per_call);
      const read = await readJsons(inputs, findings);
      refuseTooMany(countJobs(read), limits.max_jobs_per_call);
      return read;
    });
  }

  /** Accepts a call once per key: a repetition gets the reply of the first, also when both come at the same time. */
  private async accept(
    submitter: Submitter,
    arrival: Arrival,
    read: (rules: JobRules, findings: Findings) => Promise<SubmittedDescription[]>,
  ): Promise<AcceptedJob[]> {
    const { route, key, body } = arrival;
    const repeatable = key === undefined ? null : repeatableOf({ ...submitter, route, key, body });
    const before = repeatable === null ? null : await this.register.replyTo(repeatable);
    if (before !== null) return before;
    const rules = this.rulesFor(submitter.vo);
    const findings = new Findings(rules.limits.max_listed_problems);
    const prepared = await this.check(submitter, rules, { read: await read(rules, findings), findings });
    const count = prepared.reduce((sum, { expansions }) => sum + expansions.length, 0);
    const { vo, group, subject, username: owner } = submitter;
    await this.sandboxes.quota.admitJobs({ vo, group, owner, subject });
    await this.waiting.admit(submitter, count, rules.limits.max_waiting_per_owner);
    return this.register.add(submitter, prepared, repeatable);
  }

  /** Throws one refusal with everything that is wrong with the call. */
  private async check(
    submitter: Submitter,
    rules: JobRules,
    { read, findings }: { read: readonly SubmittedDescription[]; findings: Findings },
  ): Promise<PreparedDescription[]> {
    const prepared = await prepareJobs(read, rules, findings);
    const { vo, group, subject, username: owner } = submitter;
    findings.add(
      await checkSandboxNames(read, prepared, (pfns) => this.sandboxes.problemsOf(pfns, { vo, group, owner, subject })),
    );
    findings.refuse();
    return prepared;
  }

  private rulesFor(vo: string): JobRules {
    const { document } = this.configuration.get();
    const limits = document.vos[vo]?.jobs;
    if (limits === undefined) throw new Refusal('unknown-vo', `The VO ${vo} is not in the configuration`);
    return rulesOf(document, vo, limits);
  }
}

function countJobs(descriptions: readonly SubmittedDescription[]): number {
  return descriptions.reduce((sum, { description }) => sum + (parametricCount(description) ?? 1), 0);
}

function refuseTooMany(count: number, most: number): void {
  if (count > most) {
    throw new Refusal('too-many-jobs', `${count} jobs are more than the ${most} that one call may submit`);
  }
}
