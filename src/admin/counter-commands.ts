import type { Command } from 'commander';
import { audit } from '../auth/index.js';
import { Refusal } from '../contract/index.js';
import { JobCounts } from '../wms/index.js';
import { Installation } from './installation.js';
import { say } from './output.js';

/** `pilotage admin counters …`: the counters of jobs that totals and summaries are read from. */
export function addCounterCommands(program: Command): void {
  const counters = program
    .command('counters')
    .description('the counters that totals and summaries of jobs are read from');

  counters
    .command('check')
    .description('count all jobs and compare; changes nothing')
    .action(() =>
      Installation.with(async ({ database }) => {
        const wrong = await new JobCounts(database).check();
        if (wrong > 0)
          throw new Refusal('internal', `${wrong} counters are wrong; run pilotage admin counters rebuild`);
        say('all counters are right');
      }),
    );

  counters
    .command('rebuild')
    .description('count all jobs and correct the counters, while the servers go on working')
    .action(() =>
      Installation.with(async ({ database, administrator }) => {
        const repaired = await new JobCounts(database).repair();
        if (repaired === null) throw new Refusal('unavailable', 'Another process works on the counters; try again');
        await audit(database, {
          vo: '',
          actor: administrator,
          action: 'counters.rebuild',
          subject: '',
          detail: { repaired },
        });
        say(repaired === 0 ? 'all counters were right' : `${repaired} counters were wrong and have been corrected`);
      }),
    );
}
