import { type Command, InvalidArgumentError } from 'commander';
import { audit, longestTokenSeconds, nameOf, type Revoked, revokeTokens } from '../auth/index.js';
import { Installation } from './installation.js';
import { say, table } from './output.js';

interface TokenOptions {
  vo: string;
  group?: string;
  user: string;
  sub?: string;
  lifetime?: number;
}

/** `pilotage admin token …`: tokens without a sign-in, for the first administrator, for tests and demonstrations. */
export function addTokenCommands(program: Command): void {
  const token = program.command('token').description('access tokens without a sign-in, and revoking tokens');
  token
    .command('issue')
    .description('print a token for a user; every one is written to the audit')
    .requiredOption('--vo <name>', 'VO of the user')
    .requiredOption('--user <name>', 'user name')
    .option('--group <name>', 'group of the VO; its default group when absent')
    .option('--sub <subject>', 'subject at the identity provider; the user name when absent')
    .option('--lifetime <seconds>', 'seconds until it expires; as configured when absent', lifetimeOf)
    .action(issueToken);

  token
    .command('revoke')
    .description('make tokens worthless that were issued until now; every server refuses them within 5 seconds')
    .option('--vo <name>', 'VO of the user; with --all, of everybody')
    .option('--user <name>', 'tokens of this user, when the user name is the subject')
    .option('--sub <subject>', 'tokens of the user with this subject at the identity provider')
    .option('--pilot <stamp>', 'tokens of this pilot and of its attempts')
    .option('--id <id>', 'one token, by the id that the audit names')
    .option('--all', 'the tokens of everybody in the VO, pilots included')
    .addHelpText(
      'after',
      '\nWho may have tokens gets new ones ten seconds later: take away what they get them with, too.',
    )
    .action(revoke);

  token
    .command('revocations')
    .description('list what is revoked and has not expired by itself')
    .action(() =>
      Installation.with(async ({ revocations }) => {
        const rows = (await revocations.list()).map((one) => [one.what, one.issuedBefore, one.forgottenAt]);
        say(table(['tokens of', 'issued before', 'all expired'], rows));
      }),
    );
}

interface RevokeOptions {
  vo?: string;
  user?: string;
  sub?: string;
  pilot?: string;
  id?: string;
  all?: boolean;
}

async function revoke(options: RevokeOptions): Promise<void> {
  const revoked = revokedBy(options);
  await Installation.with(async (installation) => {
    const { database, administrator } = installation;
    const vo = await voOf(installation, revoked);
    await database.transaction(async (tx) => {
      await revokeTokens(tx, revoked);
      await audit(tx, { vo, actor: administrator, action: 'token.revoke', subject: nameOf(revoked) });
    });
    say(`tokens of ${nameOf(revoked)} that were issued until now are refused within 5 seconds`);
  });
}

/** Exactly one kind must be named. */
function revokedBy({ vo, user, sub, pilot, id, all }: RevokeOptions): Revoked {
  const subject = sub ?? user;
  const named: Revoked[] = [
    ...(pilot === undefined ? [] : [{ kind: 'pilot' as const, stamp: pilot }]),
    ...(id === undefined ? [] : [{ kind: 'token' as const, id }]),
    ...(all === true && vo !== undefined ? [{ kind: 'vo' as const, vo }] : []),
    ...(subject !== undefined && vo !== undefined ? [{ kind: 'user' as const, subject: `${vo}:${subject}` }] : []),
  ];
  const [only, ...more] = named;
  if (only !== undefined && more.length === 0 && (user === undefined || sub === undefined)) return only;
  throw new Error('name one of: --vo with --user, --vo with --sub, --vo with --all, --pilot, --id');
}

/** The VO that the audit names. Refuses pilots that do not exist, and VOs: a name with a typing error revokes nothing. */
async function voOf(installation: Installation, revoked: Revoked): Promise<string> {
  if (revoked.kind === 'token') return '';
  if (revoked.kind === 'pilot') {
    const [row] = await installation.database.query<{ vo: string }>('SELECT vo FROM pilots WHERE stamp = ?', [
      revoked.stamp,
    ]);
    if (row === undefined) throw new Error(`there is no pilot ${revoked.stamp}`);
    return row.vo;
  }
  const vo = revoked.kind === 'vo' ? revoked.vo : (revoked.subject.split(':')[0] ?? '');
  const { vos } = (await installation.configuration()).document;
  if (!Object.hasOwn(vos, vo)) throw new Error(`there is no VO ${vo}; known are ${Object.keys(vos).join(', ')}`);
  return vo;
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
