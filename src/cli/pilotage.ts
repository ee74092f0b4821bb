import type { Command } from 'commander';
import { registerAccount } from './account/commands.js';
import { newProgram, type Context } from './command.js';
import { registerJobs } from './jobs/commands.js';
import { registerLimits } from './limits/commands.js';
import { registerPilots } from './pilots/commands.js';
import { registerResources } from './resources/commands.js';
import { settingsHelp } from './settings.js';
import { version } from './version.js';
import { registerWhy } from './why/commands.js';

const shortCommands = `
Short commands: dsub dstat doutput dkill dlogging dpeek.
Operators, on the host of the server: pilotage admin --help.`;

/** The command `pilotage`. */
export function pilotage(context: Context): Command {
  const program = newProgram(context)
    .description('Submit jobs to a Pilotage server, follow them, and fetch what they made.')
    .version(version, '-V, --version', 'print the version')
    .addHelpText('after', `${shortCommands}\n${settingsHelp}`);
  registerJobs(program, context);
  registerPilots(program, context);
  registerLimits(program, context);
  registerWhy(program, context);
  registerResources(program, context);
  registerAccount(program, context);
  program
    .command('version')
    .description('print the version')
    .action(() => context.io.out(`pilotage ${version} (Node.js ${process.versions.node})\n`));
  return program;
}
