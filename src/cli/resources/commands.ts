import { type Command, Option } from 'commander';
import {
  type NamedResource,
  resourceKinds,
  resources,
  resourceStates,
  type ResourceEntry,
  type ResourceState,
  type StorageAccess,
} from '../../contract/index.js';
import { type Context, positive } from '../command.js';
import { CommandFailure } from '../failure.js';
import { printRows, rowOptions, type RowOptions } from '../output/rows.js';
import { type Session, withSession } from '../session.js';
import { accessList, duration, moment, namedResource, stateNamed } from './words.js';

const columns = ['kind', 'name', 'access', 'vo', 'status', 'reason', 'author', 'since', 'expires_at', 'in_force'];
const listColumns = ['kind', 'name', 'access', 'vo', 'status', 'reason', 'expires_at'];
const historyColumns = ['at', 'kind', 'name', 'access', 'vo', 'status', 'reason', 'author', 'expires_at'];
const pageSize = 1_000;

/** Adds `pilotage resource …`. */
export function registerResources(program: Command, context: Context): void {
  const group = program
    .command('resource')
    .description('see and set the status of sites, CEs, storage elements, hosts and pilots');
  registerList(group, context);
  registerSet(group, context);
  registerClear(group, context);
  registerHistory(group, context);
}

interface ListOptions extends RowOptions {
  kind?: NamedResource['kind'];
  status?: ResourceState;
  name?: string;
  set?: boolean;
  vo?: string;
}

function registerList(group: Command, { io }: Context): void {
  const list = group
    .command('list')
    .description('list what your VO may use, with its status')
    .addOption(new Option('--kind <kind>', 'only this kind').choices(resourceKinds))
    .option('-S, --status <status>', `only this status: ${resourceStates.join(', ')}`, stateNamed)
    .option('--name <name>', 'only this one')
    .option('--set', 'only what somebody has set')
    .option('--vo <vo>', 'as another VO sees them; for administrators of the service');
  rowOptions(list, columns).action(async (options: ListOptions) => {
    await withSession(io, async (session) => {
      printRows(io, options.fields ?? listColumns, await listAll(session, options), options);
    });
  });
}

async function listAll(session: Session, { kind, status, name, set, vo }: ListOptions): Promise<ResourceEntry[]> {
  const wanted = { kind, status, name, vo, ...(set === true ? { set: 'true' as const } : {}) };
  const query = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined));
  const rows: ResourceEntry[] = [];
  for (let page = 1; ; page += 1) {
    const reply = await session.persist(resources.list, { query: { ...query, page, per_page: pageSize } });
    rows.push(...reply.resources);
    if (reply.resources.length < pageSize) return rows;
  }
}

interface ChangeOptions {
  reason: string;
  access?: StorageAccess[];
  vo?: string;
  allVos?: boolean;
}

interface SetOptions extends ChangeOptions {
  until?: string;
  for?: number;
}

const resourceHelp = `
A RESOURCE is KIND:NAME:
  site:LCG.Site.xx          ce:LCG.Site.xx/CE          storage:SandboxSE (or se:SandboxSE)
  host:LCG.Site.xx/node     pilot:STAMP

Active: as usual. Degraded: as usual, with a warning. Probing: only jobs of type Test. Banned: nothing new begins.`;

function registerSet(group: Command, { io }: Context): void {
  changing(group.command('set <status> <resource...>'), 'why, for all who will ask')
    .description('set the status of resources, all of them or none; what is so already changes nothing')
    .option('--until <time>', 'when it ends by itself: 2026-11-24T18:00Z', moment)
    .addOption(new Option('--for <duration>', 'the same from now: 90m, 12h, 7d').argParser(duration).conflicts('until'))
    .addHelpText('after', resourceHelp)
    .action(async (status: string, names: string[], options: SetOptions) => {
      const body = {
        ...meant(names, options),
        status: stateNamed(status),
        ...(options.until === undefined ? {} : { expires_at: options.until }),
        ...(options.for === undefined ? {} : { expires_in: options.for }),
      };
      await withSession(io, async (session) => {
        const { changed } = await session.persist(resources.set, { body });
        io.out(`${changed} changed\n`);
      });
    });
}

function registerClear(group: Command, { io }: Context): void {
  changing(group.command('clear <resource...>'), 'why, for the history')
    .description('take back what was set: the resource is Active, or what it is for all VOs')
    .addHelpText('after', resourceHelp)
    .action(async (names: string[], options: ChangeOptions) => {
      await withSession(io, async (session) => {
        const { changed } = await session.persist(resources.clear, { body: meant(names, options) });
        io.out(`${changed} changed\n`);
      });
    });
}

/** Adds the options that both changes take. */
function changing(command: Command, reason: string): Command {
  return command
    .requiredOption('--reason <text>', reason)
    .option(
      '--access <list>',
      'of storage elements: read, write, check, remove; with commas (default: all)',
      accessList,
    )
    .addOption(new Option('--vo <vo>', 'for this VO (default: yours)').conflicts('allVos'))
    .option('--all-vos', 'for all VOs; for administrators of the service');
}

function meant(names: readonly string[], { reason, access, vo, allVos }: ChangeOptions) {
  const named = names.map((name) => namedResource(name, access));
  // Otherwise who wants to close a site for reading would close all of it.
  if (access !== undefined && !named.some(({ kind }) => kind === 'storage')) {
    throw new CommandFailure('--access is for storage elements, and none is named', 'leave it out, or name storage:SE');
  }
  return {
    resources: named,
    reason,
    ...(allVos === true ? { vo: null } : vo === undefined ? {} : { vo }),
  };
}

interface HistoryOptions extends RowOptions {
  limit: number;
  vo?: string;
}

function registerHistory(group: Command, { io }: Context): void {
  const history = group
    .command('history [resource]')
    .description('list what was set and taken back, newest first; a row without status was taken back')
    .option('--limit <n>', 'show at most the newest n, up to 1000', positive, 100)
    .option('--vo <vo>', 'as another VO sees it; for administrators of the service');
  rowOptions(history, historyColumns).action(async (text: string | undefined, options: HistoryOptions) => {
    const { kind, name } = text === undefined ? {} : namedResource(text);
    const wanted = { kind, name, vo: options.vo, limit: options.limit };
    const query = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined));
    await withSession(io, async (session) => {
      const { changes } = await session.persist(resources.history, { query });
      printRows(io, options.fields ?? historyColumns, changes, options);
    });
  });
}
