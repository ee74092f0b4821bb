import { Injectable } from '@nestjs/common';
import { maySetResources, type UserPrincipal } from '../../auth/index.js';
import { CurrentConfiguration } from '../../configuration/index.js';
import {
  type BodyOf,
  type NamedResource,
  type Problem,
  Refusal,
  type resources as routes,
  type StorageAccess,
  storageAccesses,
} from '../../contract/index.js';
import { Database, toDatabase, type Transaction } from '../../platform/index.js';
import { isAmong, knownResources } from './known-resources.js';
import { fold, folded, isStricter, type Resource } from './resource-status.js';
import { type NewStatus, ResourceStatuses } from './resource-statuses.js';
import { readStatus } from './status-rows.sql.js';

const hostName = /^[^/]+\/[A-Za-z0-9._-]{1,255}$/;

/** Changes of statuses by people: all that a call names, or none. */
@Injectable()
export class ResourceChanges {
  constructor(
    private readonly statuses: ResourceStatuses,
    private readonly database: Database,
    private readonly configuration: CurrentConfiguration,
  ) {}

  /** Sets statuses; answers how many of them are other than before. */
  async set(user: UserPrincipal, body: BodyOf<typeof routes.set>): Promise<number> {
    const vo = this.voFor(user, body.vo);
    const { status, reason, expires_at: at, expires_in: inSeconds } = body;
    const expires = inSeconds === undefined ? (at === undefined ? null : toDatabase(new Date(at))) : { inSeconds };
    const wanted = await this.known(body.resources, vo);
    return this.change(async (tx) => {
      let changed = 0;
      for (const resource of wanted) {
        const given: NewStatus = { ...resource, status, reason, expires };
        if (await this.statuses.write(tx, given, authorOf(user))) changed += 1;
        await refuseLoosening(tx, user, given);
      }
      return changed;
    });
  }

  /** Takes statuses back; answers how many there were. */
  async clear(user: UserPrincipal, body: BodyOf<typeof routes.clear>): Promise<number> {
    const vo = this.voFor(user, body.vo);
    const wanted = await this.known(body.resources, vo, true);
    return this.change(async (tx) => {
      let changed = 0;
      for (const resource of wanted) {
        if (await this.statuses.remove(tx, resource, body.reason, authorOf(user))) changed += 1;
      }
      return changed;
    });
  }

  private async change(body: (tx: Transaction) => Promise<number>): Promise<number> {
    const changed = await this.database.transaction(body);
    if (changed > 0) await this.statuses.announce();
    return changed;
  }

  /** The VO that is meant, empty for all; refused where the user may not set for it. */
  private voFor(user: UserPrincipal, given: string | null | undefined): string {
    const vo = given === undefined ? user.vo : (given ?? '');
    if (!maySetResources(user, vo)) {
      throw new Refusal('forbidden', `Only a ServiceAdministrator sets for ${vo === '' ? 'all VOs' : 'another VO'}`);
    }
    const isKnown = Object.keys(this.configuration.get().document.vos).some((name) => fold(name) === fold(vo));
    if (vo !== '' && !isKnown) throw new Refusal('unknown-vo', `There is no VO ${vo}`);
    return vo;
  }

  /**
   * Each resource with each access that is meant. Refused, all problems at once, when one is not known to the VO; what is
   * taken back may have left the configuration since it was set.
   */
  private async known(named: readonly NamedResource[], vo: string, orSet = false): Promise<Resource[]> {
    const known = knownResources(this.configuration.get().document, vo === '' ? null : vo);
    const pilots = await this.pilotsAmong(named, vo);
    const found = named.map((resource) => accessesOf(resource).map((access) => meant(resource, vo, access)));
    const isSet = (resource: Resource): boolean =>
      this.statuses
        .all()
        .some((one) => one.kind === resource.kind && one.name === resource.name && one.vo === fold(vo));
    const problems = named.flatMap(({ kind, name, access }, at): Problem[] => {
      const path = `resources[${at}]`;
      if (access !== undefined && kind !== 'storage') {
        return [{ path: `${path}.access`, message: `a ${kind} is not read, written, checked or cleaned` }];
      }
      const folded = fold(name);
      const isKnown = kind === 'pilot' ? pilots.has(folded) : isAmong(known, kind, folded);
      const isNamed = kind !== 'host' || hostName.test(name);
      if ((isKnown && isNamed) || (orSet && (found[at] ?? []).some(isSet))) return [];
      return [{ path: `${path}.name`, message: `there is no ${kind} ${name}${vo === '' ? '' : ` for ${vo}`}` }];
    });
    if (problems.length > 0) throw new Refusal('unknown-resource', problems[0]?.message, { problems });
    return found.flat();
  }

  private async pilotsAmong(named: readonly NamedResource[], vo: string): Promise<Set<string>> {
    const stamps = named.filter(({ kind }) => kind === 'pilot').map(({ name }) => name);
    if (stamps.length === 0) return new Set();
    const rows = await this.database.query<{ stamp: string }>(
      `SELECT stamp FROM pilots WHERE stamp IN (?)${vo === '' ? '' : ' AND vo = ?'}`,
      vo === '' ? [stamps] : [stamps, vo],
    );
    return new Set(rows.map(({ stamp }) => fold(stamp)));
  }
}

function meant({ kind, name }: NamedResource, vo: string, access: StorageAccess | ''): Resource {
  return folded({ kind, name, vo, access });
}

function accessesOf({ kind, access }: NamedResource): (StorageAccess | '')[] {
  return kind === 'storage' ? [...new Set(access ?? storageAccesses)] : [''];
}

/** What a VO's administrator sets is in force instead of what holds for all VOs, so it must not allow more. */
async function refuseLoosening(tx: Transaction, user: UserPrincipal, given: NewStatus): Promise<void> {
  if (maySetResources(user, '')) return;
  const { kind, name, access } = given;
  const forAll = await readStatus(tx, { kind, name, access, vo: '' });
  if (forAll === null || !isStricter(forAll.status, given.status)) return;
  const sentence = `${kind} ${name} is ${forAll.status} for all VOs (${forAll.reason}); a VO cannot allow more`;
  throw new Refusal('forbidden', sentence);
}

/** Who did it, for people and for the audit. */
function authorOf({ username, subject }: UserPrincipal): string {
  return `${username} (${subject})`.slice(0, 255);
}
