import type { Command } from 'commander';
import { Refusal } from '../contract/index.js';
import type { Database } from '../platform/index.js';
import { type DecidedAttempt, readDecisions, replay, sampledSince } from '../wms/index.js';
import { decisionText } from './decision-text.js';
import { Installation } from './installation.js';
import { moment, positive } from './options.js';
import { say } from './output.js';

/** `pilotage admin decisions …`: why attempts got their pilots. */
export function addDecisionCommands(program: Command): void {
  const decisions = program.command('decisions').description('why the matcher gave a job to a pilot');

  decisions
    .command('show')
    .description('by what the attempts of a job were chosen; of those in the sample, what was passed over and why')
    .argument('<job>', 'id of the job', positive)
    .argument('[attempt]', 'this attempt only', positive)
    .option('--json', 'as a JSON array')
    .action((job: number, attempt: number | undefined, { json }: { json?: boolean }) =>
      Installation.with(async ({ database }) => {
        const found = await attemptsOf(database, job, attempt);
        say(json === true ? JSON.stringify(found, null, 2) : found.map(decisionText).join('\n\n'));
      }),
    );

  decisions
    .command('replay')
    .description('decide sampled decisions again, with the matcher’s own code; fails when one comes out otherwise')
    .argument('[job]', 'of this job only', positive)
    .option('--since <time>', 'all of the sample from then on, without a job', moment)
    .option('--limit <number>', 'at most so many', positive, 1_000)
    .action((job: number | undefined, { since, limit }: { since?: string; limit: number }) =>
      Installation.with(async ({ database }) => {
        if ((job === undefined) === (since === undefined))
          throw new Refusal('invalid-request', 'A job or --since is needed, not both');
        const found =
          job === undefined ? await sampledSince(database, since ?? '', limit) : await attemptsOf(database, job);
        await replayAll(found);
      }),
    );
}

async function attemptsOf(database: Database, job: number, attempt?: number): Promise<DecidedAttempt[]> {
  const all = await readDecisions(database, job);
  const found = all.filter((one) => attempt === undefined || one.attempt === attempt);
  if (found.length === 0) {
    throw new Refusal('job-not-found', `Job ${job} has no attempt${attempt === undefined ? '' : ` ${attempt}`}`);
  }
  return found;
}

async function replayAll(found: readonly DecidedAttempt[]): Promise<void> {
  let [same, other, unsampled] = [0, 0, 0];
  for (const { job, attempt, decision } of found) {
    if (decision === null) {
      unsampled += 1;
      continue;
    }
    const again = await replay(decision);
    const { queue, job: chosen } = decision.chosen;
    if (again?.queue === queue && again.job === chosen) same += 1;
    else {
      other += 1;
      const instead = again === null ? 'nothing' : `job ${again.job} of task queue ${again.queue}`;
      say(`job ${job}, attempt ${attempt}: ${instead} instead`);
    }
  }
  say(`${same} decided as before, ${other} otherwise, ${unsampled} not in the sample`);
  if (other > 0) throw new Refusal('internal', `${other} decisions come out otherwise`);
}
