import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { audit } from '../auth/index.js';
import { type Configuration, queuesOf, readConfiguration } from '../configuration/index.js';
import { driverChecks, Installation } from './installation.js';
import { say, table } from './output.js';

/** `pilotage admin config …`: the configuration document and its versions. */
export function addConfigCommands(program: Command): void {
  const config = program.command('config').description('the configuration of VOs, sites, queues and storage');

  config
    .command('apply <file>')
    .description('check a YAML or JSON file and make it the newest version; the same document changes nothing')
    .option('--dry-run', 'check only, as config check does')
    .action((file: string, { dryRun }: { dryRun?: boolean }) => (dryRun === true ? check(file) : apply(file)));

  config.command('check <file>').description('check a file and list everything that is wrong with it').action(check);

  config
    .command('show')
    .description('print the newest version, or another one, as it was applied')
    .option('--version <number>', 'the version to print', Number)
    .action(({ version }: { version?: number }) =>
      Installation.with(async ({ configurations }) => {
        const found = await configurations.text(version);
        if (found === null)
          throw new Error(
            version === undefined ? 'no configuration was applied yet' : `there is no version ${version}`,
          );
        say(found.text.trimEnd());
      }),
    );

  config
    .command('history')
    .description('list the versions, newest first')
    .option('--limit <number>', 'at most so many', Number, 50)
    .action(({ limit }: { limit: number }) =>
      Installation.with(async ({ configurations }) => {
        const versions = await configurations.history(limit);
        say(
          table(
            ['version', 'applied', 'by'],
            versions.map(({ version, appliedAt, author }) => [version, appliedAt, author]),
          ),
        );
      }),
    );
}

function check(file: string): void {
  const { configuration } = readConfiguration(read(file), driverChecks);
  say(`${file} is a valid configuration: ${summaryOf(configuration)}`);
}

function apply(file: string): Promise<void> {
  const text = read(file);
  return Installation.with(async ({ configurations, administrator }) => {
    const { version, changed } = await configurations.apply(text, administrator, (tx, number) =>
      audit(tx, { vo: '', actor: administrator, action: 'configuration.apply', subject: `version ${number}` }),
    );
    say(
      changed
        ? `version ${version} applied; it is in force within 5 seconds`
        : `version ${version} says the same already`,
    );
  });
}

function read(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (cause) {
    throw new Error(`cannot read ${file}: ${(cause as Error).message}`, { cause });
  }
}

function summaryOf(configuration: Configuration): string {
  const count = (number: number, name: string): string => `${number} ${name}${number === 1 ? '' : 's'}`;
  const { vos, sites, storage } = configuration;
  return [
    count(Object.keys(vos).length, 'VO'),
    count(Object.keys(sites).length, 'site'),
    count(queuesOf(configuration).length, 'queue'),
    count(Object.keys(storage.elements).length, 'storage element'),
  ].join(', ');
}
