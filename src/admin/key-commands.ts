import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { audit } from '../auth/index.js';
import { Installation } from './installation.js';
import { say, table } from './output.js';

/** `pilotage admin keys …`: the keys that sign tokens. */
export function addKeyCommands(program: Command): void {
  const keys = program.command('keys').description('the keys with which tokens are signed');

  keys
    .command('list')
    .description('list the keys, newest first')
    .action(() =>
      Installation.with(async (installation) => {
        const reports = await (await installation.keys()).list();
        const rows = reports.map(({ kid, state, signsFrom, retiresAt }) => [kid, state, signsFrom, retiresAt]);
        say(table(['key', 'state', 'signs from', 'verifies until'], rows));
      }),
    );

  keys
    .command('rotate')
    .description('make a new key; it signs after two minutes, and the old one verifies for 30 more days')
    .action(() =>
      Installation.with(async (installation) => {
        const kid = await (
          await installation.keys()
        ).rotate((tx, made) => record(tx, installation, 'key.rotate', made));
        say(`key ${kid} will sign in two minutes`);
      }),
    );

  keys
    .command('revoke <key>')
    .description('make all tokens of a key worthless within five seconds')
    .action((kid: string) =>
      Installation.with(async (installation) => {
        await (await installation.keys()).revoke(kid, (tx) => record(tx, installation, 'key.revoke', kid));
        say(`key ${kid} is revoked; tokens that it signed are refused within 5 seconds`);
      }),
    );

  keys
    .command('reseal')
    .description('seal the keys under the master key of this environment, after a change of master keys')
    .requiredOption('--from <file>', 'file with the master key under which they are sealed now')
    .action(({ from }: { from: string }) => reseal(from));
}

function reseal(file: string): Promise<void> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new Error(`cannot read ${file}: ${(cause as Error).message}`, { cause });
  }
  if (!/^[0-9a-f]{64}$/i.test(text)) throw new Error(`${file} does not hold 64 hexadecimal digits`);
  return Installation.with(async (installation) => {
    const count = await installation.resealKeys(Buffer.from(text, 'hex'), (tx, resealed) =>
      record(tx, installation, 'key.reseal', `${resealed} keys`),
    );
    say(
      count === 0
        ? 'all keys are sealed under this master key already'
        : `${count} keys are sealed under the new master key`,
    );
  });
}

function record(
  tx: Parameters<typeof audit>[0],
  { administrator }: Installation,
  action: string,
  subject: string,
): Promise<void> {
  return audit(tx, { vo: '', actor: administrator, action, subject });
}
