import { Command, CommanderError } from 'commander';
import { Refusal } from '../contract/index.js';
import { ConfigurationError, isDatabaseUnavailable } from '../platform/index.js';
import { addArchiveCommands } from './archive-commands.js';
import { addAuditCommands } from './audit-commands.js';
import { addConfigCommands } from './config-commands.js';
import { addRetentionCommands } from './retention-commands.js';
import { addCounterCommands } from './counter-commands.js';
import { addDecisionCommands } from './decision-commands.js';
import { Installation } from './installation.js';
import { addKeyCommands } from './key-commands.js';
import { say } from './output.js';
import { addTokenCommands } from './token-commands.js';

const epilogue = `
Runs on the server's host, with the server's environment (npm start -- --help lists it).

Exit codes: 0 done; 1 refused or failed; 2 wrong usage; 3 the database does not answer.`;

/** `pilotage admin …`, with the arguments after `admin`. Sets the exit code. */
export async function main(argv: string[]): Promise<void> {
  const program = adminProgram();
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : 2;
      return;
    }
    process.stderr.write(`${complaint(error)}\n`);
    process.exitCode = isDatabaseUnavailable(error) ? 3 : 1;
  }
}

/** The commands, ready to be parsed. */
export function adminProgram(): Command {
  // Sub-commands inherit these settings when they are made, so they come first.
  const program = new Command('pilotage admin')
    .description('administration of an installation')
    .exitOverride()
    .showHelpAfterError('(--help tells more)')
    .addHelpText('after', epilogue);
  addConfigCommands(program);
  addTokenCommands(program);
  addKeyCommands(program);
  addRetentionCommands(program);
  addArchiveCommands(program);
  addAuditCommands(program);
  addCounterCommands(program);
  addDecisionCommands(program);
  program
    .command('migrate')
    .description('bring the schema of the database up to date; the server does so too when it starts')
    .action(() =>
      Installation.with(async ({ database }) => {
        const applied = await database.migrate();
        say(applied.length === 0 ? 'the database is up to date' : `applied: ${applied.join(', ')}`);
      }),
    );
  return program;
}

/** What went wrong in one line, and the problems of a document each on its own. Bugs come with their stack. */
function complaint(error: unknown): string {
  if (isDatabaseUnavailable(error)) {
    return `pilotage admin: the database does not answer (${(error as Error).message})`;
  }
  if (!(error instanceof Error)) return `pilotage admin: ${String(error)}`;
  const problems = error instanceof Refusal ? (error.details.problems ?? []) : [];
  const lines = problems.map(({ path, message }) => `  ${path}: ${message}`);
  const code = (error as { code?: string }).code;
  if (code === 'ER_NO_SUCH_TABLE') return 'pilotage admin: the database is empty — run pilotage admin migrate first';
  const isBug = error instanceof TypeError || error instanceof ReferenceError;
  const text = isBug && !(error instanceof ConfigurationError) ? (error.stack ?? error.message) : error.message;
  return [`pilotage admin: ${text}`, ...lines].join('\n');
}
