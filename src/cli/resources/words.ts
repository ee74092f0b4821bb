import { InvalidArgumentError } from 'commander';
import {
  type NamedResource,
  type ResourceKind,
  resourceKinds,
  type ResourceState,
  resourceStates,
  type StorageAccess,
  storageAccesses,
} from '../../contract/index.js';
import { CommandFailure } from '../failure.js';

const kinds: ReadonlyMap<string, ResourceKind> = new Map([
  ...resourceKinds.map((kind) => [kind, kind] as const),
  ['se', 'storage'],
]);

/** The resource in a text like `site:LCG.Site.xx`; accesses go to storage elements, beside which others may stand. */
export function namedResource(text: string, access?: StorageAccess[]): NamedResource {
  const [, word = '', name = ''] = /^([^:]*):(.*)$/s.exec(text) ?? [];
  const kind = kinds.get(word.toLowerCase());
  if (kind === undefined || name.trim() === '') {
    throw new CommandFailure(`${text} is no resource`, `write KIND:NAME; kinds are ${[...kinds.keys()].join(', ')}`);
  }
  return { kind, name: name.trim(), ...(kind === 'storage' && access !== undefined ? { access } : {}) };
}

/** A status in any case. */
export function stateNamed(text: string): ResourceState {
  const state = resourceStates.find((one) => one.toLowerCase() === text.trim().toLowerCase());
  if (state === undefined)
    throw new CommandFailure(`${text} is no status`, `write one of ${resourceStates.join(', ')}`);
  return state;
}

/** Accesses with commas between them. */
export function accessList(text: string): StorageAccess[] {
  return text.split(',').map((word) => {
    const access = storageAccesses.find((one) => one === word.trim().toLowerCase());
    if (access === undefined) throw new InvalidArgumentError(`Accesses are ${storageAccesses.join(', ')}.`);
    return access;
  });
}

const units: Record<string, number> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** Seconds in a text like `90m`; at least one. */
export function duration(text: string): number {
  const [, amount, unit = 's'] = /^(\d{1,9})([smhd])?$/.exec(text.trim()) ?? [];
  const seconds = Number(amount) * (units[unit] ?? 0);
  if (!Number.isSafeInteger(seconds) || seconds < 1) throw new InvalidArgumentError('Write it like 90m, 12h or 7d.');
  return seconds;
}

/** A time with its zone, as ISO 8601 in UTC. */
export function moment(text: string): string {
  const time = Date.parse(text);
  if (!/\d{4}-\d\d-\d\d.*(?:Z|[+-]\d\d:?\d\d)$/i.test(text.trim()) || Number.isNaN(time)) {
    throw new InvalidArgumentError('Write it with its zone, like 2026-11-24T18:00Z.');
  }
  return new Date(time).toISOString();
}
