import { Injectable } from '@nestjs/common';
import { maySeeResources, type UserPrincipal } from '../../auth/index.js';
import { CurrentConfiguration } from '../../configuration/index.js';
import {
  type QueryOf,
  Refusal,
  type ReplyOf,
  type ResourceChange,
  type ResourceEntry,
  resourceKinds,
  type resources as routes,
  storageAccesses,
} from '../../contract/index.js';
import { Database, toWire } from '../../platform/index.js';
import { isAmong, knownResources } from './known-resources.js';
import { fold, overrides, type ResourceStatus } from './resource-status.js';
import { ResourceStatuses } from './resource-statuses.js';
import { readHistory, type StatusChange } from './status-rows.sql.js';

type Known = ReturnType<typeof knownResources>;

/** Changes that are read at once. */
const lookedAt = 1_000;

/** The status of resources as a VO sees them. What other VOs use or have set is not shown. */
@Injectable()
export class ResourceView {
  constructor(
    private readonly statuses: ResourceStatuses,
    private readonly database: Database,
    private readonly configuration: CurrentConfiguration,
  ) {}

  /** Everything that the VO may use with its status, and what else has one; by kind, name, access and VO. */
  list(user: UserPrincipal, query: QueryOf<typeof routes.list>): ReplyOf<typeof routes.list> {
    const vo = this.viewOf(user, query.vo);
    const known = knownResources(this.configuration.get().document, vo);
    const all = maySeeResources(user, '');
    const set = this.statuses.all().filter((status) => isVisible(status, { vo, known, all }));
    const entries = [...set.map((status) => entryOf(status, known, isInForce(status, set))), ...unset(known, set)];
    const wanted = entries.filter(
      ({ kind, status, name, since }) =>
        (query.kind === undefined || kind === query.kind) &&
        (query.status === undefined || status === query.status) &&
        (query.name === undefined || fold(name) === fold(query.name)) &&
        (query.set === 'false' || since !== null),
    );
    const from = (query.page - 1) * query.per_page;
    const sorted = wanted.toSorted((a, b) => compare(placeOf(a), placeOf(b)));
    return { resources: sorted.slice(from, from + query.per_page), total: sorted.length };
  }

  /** What was changed, newest first. */
  async history(user: UserPrincipal, query: QueryOf<typeof routes.history>): Promise<ReplyOf<typeof routes.history>> {
    const vo = this.viewOf(user, query.vo);
    const known = knownResources(this.configuration.get().document, vo);
    const all = maySeeResources(user, '');
    const { kind, limit } = query;
    const name = query.name === undefined ? undefined : fold(query.name);
    const changes: StatusChange[] = [];
    let before = query.before;
    // What is not to be seen is passed over, but not for ever in one call.
    for (let looks = 0; looks < 20 && changes.length <= limit; looks += 1) {
      const rows = await readHistory(this.database, { vo: fold(vo), kind, name, before, limit: lookedAt });
      changes.push(...rows.filter((row) => isVisible(row, { vo, known, all })));
      before = rows.length < lookedAt ? undefined : rows.at(-1)?.id;
      if (before === undefined) break;
    }
    const page = changes.slice(0, limit);
    const next = changes.length > limit ? page.at(-1)?.id : before;
    return { changes: page.map((change) => changeOf(change, known)), next: next ?? null };
  }

  private viewOf(user: UserPrincipal, given: string | undefined): string {
    const vo = given ?? user.vo;
    if (!maySeeResources(user, vo)) throw new Refusal('forbidden', 'Only a ServiceAdministrator sees other VOs');
    const found = Object.keys(this.configuration.get().document.vos).find((name) => fold(name) === fold(vo));
    if (found === undefined) throw new Refusal('unknown-vo', `There is no VO ${vo}`);
    return found;
  }
}

/** What is set for the VO, and for all VOs where it may know of the resource; administrators of the service see `all`. */
function isVisible(
  { kind, name, vo: of }: Pick<ResourceStatus, 'kind' | 'name' | 'vo'>,
  { vo, known, all }: { vo: string; known: Known; all: boolean },
): boolean {
  return of === fold(vo) || (of === '' && (all || isAmong(known, kind, name)));
}

function isInForce(status: ResourceStatus, among: readonly ResourceStatus[]): boolean {
  const other = among.find(
    ({ kind, name, access, vo }) =>
      vo !== status.vo && kind === status.kind && name === status.name && access === status.access,
  );
  if (other === undefined) return true;
  const [forAll, own] = status.vo === '' ? [status, other] : [other, status];
  return overrides(forAll, own) === (status === forAll);
}

/** What nobody has set anything for. */
function unset(known: Known, set: readonly ResourceStatus[]): ResourceEntry[] {
  const has = new Set(set.map(({ kind, name, access }) => `${kind} ${access} ${name}`));
  return (['site', 'ce', 'storage'] as const).flatMap((kind) =>
    [...known[kind]].flatMap(([folded, name]) =>
      (kind === 'storage' ? storageAccesses : ([null] as const))
        .filter((access) => !has.has(`${kind} ${access ?? ''} ${folded}`))
        .map((access) => ({
          kind,
          name,
          access,
          vo: null,
          status: 'Active' as const,
          reason: null,
          author: null,
          since: null,
          expires_at: null,
          in_force: true,
        })),
    ),
  );
}

function entryOf(set: ResourceStatus, known: Known, inForce: boolean): ResourceEntry {
  return { ...worded(set, known), status: set.status, since: toWire(set.setAt), in_force: inForce };
}

function changeOf(change: StatusChange, known: Known): ResourceChange {
  return { ...worded(change, known), id: change.id, status: change.status, at: toWire(change.at) };
}

/** What entries and changes have in common, as it is told. */
function worded(row: Omit<ResourceStatus, 'status' | 'setAt'>, known: Known) {
  const { kind, access, vo, reason, author, expiresAt } = row;
  return {
    kind,
    name: labelOf(row, known),
    access: access === '' ? null : access,
    vo: vo === '' ? null : vo,
    reason,
    author,
    expires_at: toWire(expiresAt),
  };
}

/** As it is configured, where it is. */
function labelOf({ kind, name }: Pick<ResourceStatus, 'kind' | 'name'>, known: Known): string {
  if (kind === 'host' || kind === 'pilot') return name;
  return known[kind].get(name) ?? name;
}

function placeOf({ kind, name, access, vo }: ResourceEntry): string {
  const at = resourceKinds.indexOf(kind);
  const accessAt = access === null ? 0 : storageAccesses.indexOf(access) + 1;
  return [at, fold(name), accessAt, vo ?? ''].join('\u0000');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
