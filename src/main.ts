import { parseArgs } from 'node:util';
import {
  ConfigurationError,
  Database,
  describeEnvironment,
  Log,
  readConfig,
  stopOnSignal,
  version,
} from './platform/index.js';
import { createServer } from './server/index.js';

const usage = `The server of Pilotage: the HTTP API.

usage: npm start [-- options]      or      node dist/main.js [options]

  --migrate-only   bring the schema of the database up to date and end
  --version        print the version and end
  --help           print this and end

SIGTERM or SIGINT: say "not ready" for PILOTAGE_DRAIN_SECONDS and serve on, then stop accepting, finish what runs
(20 s at most), end with exit code 0. A second signal ends at once.

Settings come from the environment:
`;

function help(): string {
  const settings = describeEnvironment().map(
    ({ name, fallback, description }) => `  ${name}  (${fallback})\n      ${description}`,
  );
  return `${usage}${settings.join('\n')}\n`;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', default: false },
      version: { type: 'boolean', default: false },
      'migrate-only': { type: 'boolean', default: false },
    },
  });
  if (values.help) process.stdout.write(help());
  else if (values.version) process.stdout.write(`${version}\n`);
  else if (values['migrate-only']) await migrate();
  else await serve();
}

async function migrate(): Promise<void> {
  const { databaseUrl, logLevel } = readConfig();
  const database = await Database.open(databaseUrl, 2);
  const applied = await database.migrate();
  new Log('server', logLevel).info('The database is up to date', { applied });
  await database.close();
}

async function serve(): Promise<void> {
  const config = readConfig();
  const log = new Log('server', config.logLevel);
  const server = await createServer(config, { log });
  await server.listen();
  log.info('The server listens', { url: server.url, publicUrl: config.publicUrl, version });
  stopOnSignal({ log, name: 'The server', end: () => server.close(), limitSeconds: config.drainSeconds + 30 });
}

main().catch((error: unknown) => {
  const expected =
    error instanceof ConfigurationError || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS');
  process.stderr.write(`pilotage server: ${expected ? (error as Error).message : (error as Error).stack}\n`);
  process.exit(1);
});
