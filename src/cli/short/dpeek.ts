import type { Command } from 'commander';
import { newProgram, seconds, type Context } from '../command.js';
import { followOutput } from '../jobs/follow.js';
import { someJobIds } from '../jobs/ids.js';
import { peekOnce } from '../jobs/output-commands.js';
import { withSession } from '../session.js';
import { settingsHelp } from '../settings.js';

/** The command `dpeek`. */
export function dpeek(context: Context): Command {
  const { io, ended } = context;
  return newProgram(context)
    .description('Print the last lines that a running job printed.')
    .argument('<id>', 'job id')
    .option('-f, --follow', 'go on printing what the job prints, until it ends')
    .option('--interval <seconds>', 'look so often', seconds, 1)
    .addHelpText('after', settingsHelp)
    .action(async (text: string, options: { follow?: boolean; interval: number }) => {
      const ids = await someJobIds(io, [text]);
      await withSession(io, async (session) => {
        for (const id of ids) {
          if (options.follow === true) ended(await followOutput(session, id, options.interval));
          else await peekOnce(session, id);
        }
      });
    });
}
