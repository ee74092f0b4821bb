import type { Command } from 'commander';
import { explain, Stamp } from '../../contract/index.js';
import type { Context } from '../command.js';
import { CommandFailure } from '../failure.js';
import { parseJobIds } from '../jobs/ids.js';
import { printJson } from '../output/rows.js';
import { withSession, type Session } from '../session.js';
import { jobPage, pilotPage, taskQueuePage } from './pages.js';

interface WhyOptions {
  queue?: string;
  pilot?: string;
  json?: boolean;
}

/** What is asked about. */
type About = { job: number } | { queue: number } | { pilot: string };

/** Adds `pilotage why`. */
export function registerWhy(program: Command, { io }: Context): void {
  program
    .command('why [job]')
    .description('say why a job waits, and what would make it run; or why a task queue waits or a pilot got nothing')
    .option('--queue <id>', 'the jobs of this task queue')
    .option('--pilot <stamp>', 'this pilot')
    .option('--json', 'print JSON, for programs')
    .action(async (job: string | undefined, options: WhyOptions) => {
      const about = whatIsMeant(job, options);
      await withSession(io, async (session) => {
        const { told, page } = await ask(session, about);
        if (options.json === true) printJson(io, told);
        else io.out(page);
      });
    });
}

/** The answer, and the same as a page. */
async function ask(session: Session, about: About): Promise<{ told: unknown; page: string }> {
  if ('job' in about) {
    const told = await session.call(explain.job, { params: { id: about.job } });
    return { told, page: jobPage(told) };
  }
  if ('queue' in about) {
    const told = await session.call(explain.taskQueue, { params: { id: about.queue } });
    return { told, page: taskQueuePage(told) };
  }
  const told = await session.call(explain.pilot, { params: { stamp: about.pilot } });
  return { told, page: pilotPage(told) };
}

function whatIsMeant(job: string | undefined, { queue, pilot }: WhyOptions): About {
  const given = [job, queue, pilot].filter((one) => one !== undefined);
  if (given.length !== 1) throw new CommandFailure('what is meant is not clear', 'give one job id, --queue or --pilot');
  if (pilot !== undefined) {
    const stamp = Stamp.safeParse(pilot.trim());
    if (!stamp.success) throw new CommandFailure(`${pilot} is no stamp`, 'see "pilotage pilot list"');
    return { pilot: stamp.data };
  }
  if (queue !== undefined) {
    if (!/^[1-9]\d{0,14}$/.test(queue))
      throw new CommandFailure(`${queue} is no task queue`, 'ids are whole numbers from 1');
    return { queue: Number(queue) };
  }
  const [id, ...others] = parseJobIds([job ?? '']);
  if (id === undefined || others.length > 0)
    throw new CommandFailure('one job is explained at a time', 'give one job id');
  return { job: id };
}
