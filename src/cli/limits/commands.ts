import type { Command } from 'commander';
import { limitColumns, limits } from '../../contract/index.js';
import type { Context } from '../command.js';
import { printRows, rowOptions, type RowOptions } from '../output/rows.js';
import { withSession } from '../session.js';

/** Adds `pilotage limits`. */
export function registerLimits(program: Command, { io }: Context): void {
  const list = program
    .command('limits')
    .description('limits on running jobs and how full they are (administrators)')
    .option('--full', 'only those that let no job begin now');
  rowOptions(list, limitColumns).action(async (options: RowOptions & { full?: boolean }) => {
    await withSession(io, async (session) => {
      const all = await session.call(limits.list);
      const rows = options.full === true ? all.filter(({ FreeIn }) => FreeIn !== 0) : all;
      printRows(io, options.fields ?? limitColumns, rows, options);
    });
  });
}
