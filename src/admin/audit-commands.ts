import type { Command } from 'commander';
import { type AuditFilter, readAudit } from '../auth/index.js';
import { Installation } from './installation.js';
import { listLimit, moment, positive } from './options.js';
import { say, table } from './output.js';

/** `pilotage admin audit …`: what administrators and pilots did that concerns who may do what. */
export function addAuditCommands(program: Command): void {
  program
    .command('audit')
    .description('who did what to keys, tokens, configurations and archives')
    .command('list', { isDefault: true })
    .description('list entries, newest first')
    .option('--vo <name>', 'entries that concern this VO')
    .option('--actor <name>', 'entries of this account or pilot; ends in * for all that begin so')
    .option('--action <name>', 'entries of this kind, like key.rotate; key.* for all that begin so')
    .option('--subject <name>', 'entries about this; ends in * for all that begin so')
    .option('--since <time>', 'entries from then on', moment)
    .option('--until <time>', 'entries before', moment)
    .option('--before <id>', 'go on below this entry', positive)
    .option('--limit <number>', 'at most so many', listLimit, 50)
    .option('--json', 'as a JSON array')
    .action(({ json, limit, ...filter }: AuditFilter & { json?: boolean; limit: number }) =>
      Installation.with(async ({ database }) => {
        const entries = await readAudit(database, limit, filter);
        if (json === true) return say(JSON.stringify(entries, null, 2));
        say(
          table(
            ['id', 'at', 'vo', 'actor', 'action', 'subject', 'detail'],
            entries.map(({ id, at, vo, actor, action, subject, detail }) => [
              id,
              at,
              vo === '' ? null : vo,
              actor,
              action,
              subject,
              JSON.stringify(detail),
            ]),
          ),
        );
        if (entries.length === limit) process.stderr.write(`more may follow: --before ${entries.at(-1)?.id}\n`);
      }),
    );
}
