import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { server } from '../../contract/index.js';
import type { Context } from '../command.js';
import { CommandFailure } from '../failure.js';
import type { Io } from '../io.js';
import { printJson } from '../output/rows.js';
import { renderPairs } from '../output/table.js';
import { Session, withSession } from '../session.js';
import { credentialsPath, proxyIn } from '../settings.js';
import { removeCredentials, writeCredentials, type Credentials } from './credentials.js';
import { expiryOf } from './token.js';

/** Adds login, logout and whoami. */
export function registerAccount(program: Command, context: Context): void {
  registerLogin(program, context);
  registerLogout(program, context);
  registerWhoami(program, context);
}

interface LoginOptions {
  url: string;
  ca?: string;
  tokenFile: string;
}

function registerLogin(program: Command, { io }: Context): void {
  program
    .command('login')
    .description('sign in to a server with a token, and keep it for later commands')
    .requiredOption('--url <url>', 'the server, as https://host:port')
    .option('--ca <file>', 'CA certificates (PEM) to trust for this server')
    .requiredOption('--token-file <file>', 'file that holds the token; - is standard input')
    .action(async (options: LoginOptions) => {
      const credentials = await credentialsFrom(io, options);
      const proxy = proxyIn(io);
      const session = new Session(io, { ...credentials, retrySeconds: 0, ...(proxy === undefined ? {} : { proxy }) });
      try {
        const { preferred_username: name, vo, dirac_group: group } = await session.call(server.userinfo);
        await writeCredentials(credentialsPath(io), credentials);
        io.out(`signed in to ${options.url} as ${name} (VO ${vo}, group ${group})\n`);
      } finally {
        session.connection.close();
      }
    });
}

async function credentialsFrom(io: Io, options: LoginOptions): Promise<Credentials> {
  const read = (file: string): Promise<string> => readFile(resolve(io.folder, file), 'utf8');
  const token = (options.tokenFile === '-' ? await io.input() : await read(options.tokenFile)).trim();
  if (token === '') throw new CommandFailure('the token is empty', 'give the file that holds your token');
  const ca = options.ca === undefined ? undefined : await read(options.ca);
  return { url: options.url, token, ...(ca === undefined ? {} : { ca }) };
}

function registerLogout(program: Command, { io }: Context): void {
  program
    .command('logout')
    .description('forget the token that "pilotage login" keeps')
    .action(async () => {
      const removed = await removeCredentials(credentialsPath(io));
      io.out(removed ? 'signed out\n' : 'nobody was signed in\n');
    });
}

function registerWhoami(program: Command, { io }: Context): void {
  program
    .command('whoami')
    .description('say who the server takes you for')
    .option('--json', 'print JSON, for programs')
    .action(async (options: { json?: boolean }) => {
      await withSession(io, async (session) => {
        const info = await session.call(server.userinfo);
        const expires = expiryOf(session.settings.token ?? '');
        if (options.json === true) return printJson(io, { ...info, url: session.settings.url, expires });
        io.out(
          renderPairs([
            ['user', info.preferred_username],
            ['subject', info.sub],
            ['VO', info.vo],
            ['group', info.dirac_group],
            ['properties', info.properties.join(', ')],
            ['server', session.settings.url],
            ['token until', expires ?? 'unknown'],
          ]),
        );
      });
    });
}
