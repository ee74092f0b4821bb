import type { Command } from 'commander';
import { resolve } from 'node:path';
import { jobs } from '../../contract/index.js';
import { seconds, type Context } from '../command.js';
import { withSession, type Session } from '../session.js';
import { followOutput } from './follow.js';
import { someJobIds } from './ids.js';
import { fetchSandboxes } from './transfer.js';

/** Adds the commands that bring something back: output, input, peek, jdl. */
export function registerOutput(group: Command, context: Context): void {
  registerFetch(group, context, 'output');
  registerFetch(group, context, 'input');
  registerPeek(group, context);
  registerJdl(group, context);
}

interface FetchOptions {
  dir: string;
  inputFile?: string;
  jobDir: boolean;
}

function registerFetch(group: Command, { io, program, ended }: Context, kind: 'input' | 'output'): void {
  const folder = kind === 'output' ? '<id>' : 'InputSandbox<id>';
  group
    .command(`${kind} [ids...]`)
    .description(`fetch the ${kind} sandboxes of jobs into folders ${folder}; folders that exist are left alone`)
    .option('-D, --dir <folder>', 'make the folders in here', '.')
    .option('--no-job-dir', 'unpack right into the folder, without one for each job')
    .option('-i, --input-file <file>', 'read more job ids from a file; - is standard input')
    .action(async (texts: string[], options: FetchOptions) => {
      const ids = await someJobIds(io, texts, options.inputFile);
      const into = resolve(io.folder, options.dir);
      await withSession(io, async (session) => {
        ended(await fetchSandboxes(session, { program, kind, ids, into, flat: !options.jobDir }));
      });
    });
}

function registerPeek(group: Command, { io, ended }: Context): void {
  group
    .command('peek <id>')
    .description('print the last lines that a running job printed')
    .option('-f, --follow', 'go on printing what the job prints, until it ends')
    .option('--interval <seconds>', 'look so often', seconds, 1)
    .action(async (text: string, options: { follow?: boolean; interval: number }) => {
      await withSession(io, async (session) => {
        for (const id of await someJobIds(io, [text])) {
          if (options.follow === true) ended(await followOutput(session, id, options.interval));
          else await peekOnce(session, id);
        }
      });
    });
}

/** Prints the last lines of a job, as of its last heartbeat. */
export async function peekOnce(session: Session, id: number): Promise<void> {
  const { text, status } = await session.call(jobs.peek, { params: { id } });
  if (text === '') session.io.error(`job ${id} is ${status} and has printed nothing yet\n`);
  else session.io.out(text.endsWith('\n') ? text : `${text}\n`);
}

function registerJdl(group: Command, { io }: Context): void {
  group
    .command('jdl <id>')
    .description('print the JDL of a job as it was submitted, or its description as JSON')
    .action(async (text: string) => {
      await withSession(io, async (session) => {
        for (const id of await someJobIds(io, [text])) {
          const { jdl } = await session.call(jobs.jdl, { params: { id } });
          if (jdl !== null) io.out(jdl.endsWith('\n') ? jdl : `${jdl}\n`);
          else {
            const { description } = await session.call(jobs.find, { params: { id } });
            io.out(`${JSON.stringify(description, null, 2)}\n`);
          }
        }
      });
    });
}
