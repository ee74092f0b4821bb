import { Option, type Command } from 'commander';
import { newProgram, type Context } from '../command.js';
import { someJobIds } from '../jobs/ids.js';
import { historyColumns, historyOf } from '../jobs/show.js';
import { formats, printRows, rowOptions, type RowOptions } from '../output/rows.js';
import { withSession } from '../session.js';
import { settingsHelp } from '../settings.js';

/** The command `dlogging`. */
export function dlogging(context: Context): Command {
  const { io } = context;
  const program = newProgram(context)
    .description('Show the history of jobs: every change of their state.')
    .argument('<ids...>', 'job ids, with commas or blanks between them')
    .addOption(new Option('-f, --Fmt <format>', 'how to print').choices(formats).default('pretty'))
    .addHelpText('after', settingsHelp);
  return rowOptions(program).action(async (texts: string[], options: RowOptions & { Fmt: RowOptions['fmt'] }) => {
    const ids = await someJobIds(io, texts);
    await withSession(io, async (session) => {
      for (const id of ids) {
        if (ids.length > 1) io.error(`job ${id}\n`);
        printRows(io, historyColumns, await historyOf(session, id), formatOf(options));
      }
    });
  });
}

/** `--Fmt` of the short commands, in the words of the row options; `--json` and `--csv` say more. */
export function formatOf({ Fmt, ...options }: RowOptions & { Fmt?: RowOptions['fmt'] }): RowOptions {
  const plain = options.json === true || options.csv === true || Fmt === undefined;
  return plain ? options : { ...options, fmt: Fmt };
}
