import { parseArgs } from 'node:util';
import {
  ConfigurationError,
  describeEnvironment,
  listenForMetrics,
  Log,
  Metrics,
  readConfig,
  stopOnSignal,
} from '../platform/index.js';
import { UnknownAgent } from './agent-runtime.js';
import { openAgents } from './wiring.js';

const usage = `The agents of Pilotage: site director, pilot monitor, lease sweeper, log sealer, overdue checks,
housekeeping, and the relay of messages. Any number of processes share the work.

usage: npm run agents [-- options]      or      node dist/agents/main.js [options]

  --only NAMES     run these agents only (comma list); outbox-relay brings the tasks of messages
                   and the site director
  --once NAME      run one agent once, now, and end
  --help           print this and end

SIGTERM or SIGINT: begin nothing new, finish what runs (20 s at most), end.

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
      only: { type: 'string' },
      once: { type: 'string' },
    },
  });
  if (values.help) process.stdout.write(help());
  else if (values.once !== undefined) await once(values.once);
  else await work(values.only?.split(',').map((name) => name.trim()));
}

async function once(name: string): Promise<void> {
  const config = readConfig();
  const agents = await openAgents(config, { log: new Log('agents', config.logLevel), metrics: new Metrics('agents') });
  const outcome = await agents.runtime.runNow(name);
  await agents.runtime.stop();
  await agents.close();
  process.exitCode = outcome === 'ran' ? 0 : 1;
}

async function work(only: string[] | undefined): Promise<void> {
  const config = readConfig();
  const log = new Log('agents', config.logLevel);
  const metrics = new Metrics('agents');
  const agents = await openAgents(config, { log, metrics, ...(only === undefined ? {} : { only }) });
  const monitoring = config.metricsListen === null ? null : await listenForMetrics(config.metricsListen, metrics);
  await agents.runtime.start();
  log.info('The agents work', { ...(only === undefined ? {} : { only }), pace: config.agentPace });
  const end = async (): Promise<void> => {
    await agents.runtime.stop();
    await agents.close();
    await monitoring?.close();
  };
  stopOnSignal({ log, name: 'The agents', end, limitSeconds: 30 });
}

main().catch((error: unknown) => {
  const expected =
    error instanceof ConfigurationError ||
    error instanceof UnknownAgent ||
    (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS');
  process.stderr.write(`pilotage agents: ${expected ? (error as Error).message : (error as Error).stack}\n`);
  process.exit(1);
});
