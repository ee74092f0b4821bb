import { type Command, InvalidArgumentError } from 'commander';
import { audit, longestTokenSeconds } from '../auth/index.js';
import { Installation } from './installation.js';
import { say } from './output.js';

interface TokenOptions {
  vo: string;
  group?: string;
  user: string;
  sub?: string;
  lifetime?: number;
}

/** `pilotage admin token …`: tokens without a sign-in, for the first administrator, for tests and demonstrations. */
export function addTokenCommands(program: Command): void {
  program
    .command('token')
    .description('access tokens without a sign-in')
    .command('issue')
    .description('print a token for a user; every one is written to the audit')
    .requiredOption('--vo <name>', 'VO of the user')
    .requiredOption('--user <name>', 'user name')
    .option('--group <name>', 'group of the VO; its default group when absent')
    .option('--sub <subject>', 'subject at the identity provider; the user name when absent')
    .option('--lifetime <seconds>', 'seconds until it expires; as configured when absent', lifetimeOf)
    .action(issueToken);
}

function lifetimeOf(text: string): number {
  const seconds = Number(text);
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= longestTokenSeconds) return seconds;
  throw new InvalidArgumentError(`Give whole seconds, at most ${longestTokenSeconds} (30 days).`);
}

function issueToken({ vo, group: wanted, user, sub = user, lifetime }: TokenOptions): Promise<void> {
  return Installation.with(async (installation) => {
    const { document } = await installation.configuration();
    const known = Object.keys(document.vos).join(', ');
    const organisation = document.vos[vo];
    if (organisation === undefined) throw new Error(`there is no VO ${vo}; known are ${known}`);
    const name = wanted ?? organisation.default_group;
    const group = organisation.groups[name];
    if (group === undefined) {
      throw new Error(`there is no group ${name} in ${vo}; known are ${Object.keys(organisation.groups).join(', ')}`);
    }
    const subject = `${vo}:${sub}`;
    const principal = { vo, group: name, username: user, subject, properties: group.properties };
    const issued = (await installation.tokens()).forUser(principal, lifetime ?? document.tokens.access_lifetime);
    await audit(installation.database, {
      vo,
      actor: installation.administrator,
      action: 'token.issue',
      subject,
      detail: { id: issued.id, group: name, user, seconds: issued.expiresIn },
    });
    say(issued.token);
  });
}
