import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { audit } from '../../auth/index.js';
import { Refusal, type ResourceKind, type ResourceState, type StorageAccess } from '../../contract/index.js';
import { Database, Log, type Transaction, WakeUps } from '../../platform/index.js';
import {
  folded,
  keyOf,
  open,
  overrides,
  type Resource,
  resourcesOf,
  type ResourceStatus,
  type Verdict,
  type Whereabouts,
  worstOf,
} from './resource-status.js';
import {
  beginChange,
  noteChange,
  readEdition,
  readStatus,
  readStatuses,
  removeStatus,
  writeStatus,
} from './status-rows.sql.js';

/** A status to be set. It is in force until `expires`: a time of the database, seconds from now, or null: for ever. */
export interface NewStatus extends Resource {
  status: ResourceState;
  reason: string;
  expires: string | { inSeconds: number } | null;
}

interface Held {
  status: ResourceStatus;
  /** On this process's monotonic clock (ms); Infinity for ever. */
  until: number;
}

const reloadSeconds = 5;

/**
 * The status of sites, CEs, storage elements, hosts and pilots, held in memory by every process: a change is known at
 * once by wake-up and within five seconds without; a status that expires ends by the database's clock. A row of a VO is
 * in force for that VO instead of the row of all VOs, unless that one {@link overrides} it. What has no row is Active.
 */
@Injectable()
export class ResourceStatuses implements OnModuleInit, OnModuleDestroy {
  private held = new Map<string, Held>();
  private loaded = '';
  /** The change that listeners were told of last. */
  private told = '';
  private timer: NodeJS.Timeout | null = null;
  private stopListening: () => void = () => undefined;
  private refreshing: Promise<void> = Promise.resolve();
  private readonly listeners = new Set<() => void>();

  constructor(
    private readonly database: Database,
    private readonly wakeUps: WakeUps,
    private readonly log: Log,
  ) {}

  onModuleInit(): Promise<void> {
    return this.start();
  }

  onModuleDestroy(): void {
    this.close();
  }

  /** Loads what is set and follows it until {@link close}. */
  async start(): Promise<void> {
    await this.refresh();
    this.stopListening = this.wakeUps.on('resource-status', () => void this.follow());
    this.timer = setInterval(() => void this.follow(), reloadSeconds * 1_000);
    this.timer.unref();
  }

  close(): void {
    this.stopListening();
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }

  /** Reads what is set now. */
  refresh(): Promise<void> {
    // A reading that began earlier may have missed what the caller knows of.
    this.refreshing = this.refreshing.then(
      () => this.load(),
      () => this.load(),
    );
    return this.refreshing;
  }

  /** Calls `listener` after each change until the returned function is called; when a status expires, within five seconds. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Whether anything at all has a status. */
  get anySet(): boolean {
    return this.held.size > 0;
  }

  /** The status in force for a VO: its own row, else (or if it overrides that) the one of all VOs, else null (Active). */
  of(kind: ResourceKind, name: string, vo: string, access: StorageAccess | '' = ''): ResourceStatus | null {
    if (this.held.size === 0) return null;
    const of = folded({ kind, name, vo, access });
    const own = this.inForce(of);
    if (of.vo === '') return own;
    const forAll = this.inForce({ ...of, vo: '' });
    return own === null || (forAll !== null && overrides(forAll, own)) ? forAll : own;
  }

  /** What may begin at a place for a VO: the worst status of its site, CE, host and pilot decides. */
  verdict(at: Whereabouts): Verdict {
    if (this.held.size === 0) return open;
    return worstOf(resourcesOf(at).map(({ kind, name }) => this.of(kind, name, at.vo)));
  }

  /** All that is in force, as it was last read. */
  all(): ResourceStatus[] {
    const now = performance.now();
    return [...this.held.values()].filter(({ until }) => until > now).map(({ status }) => status);
  }

  /** When anything of this changed last: it was set, taken back, or expired. A time of the database. */
  changedAt(): string {
    const now = performance.now();
    let latest = this.loaded;
    for (const { status, until } of this.held.values()) {
      if (until <= now && status.expiresAt !== null && status.expiresAt > latest) latest = status.expiresAt;
    }
    return latest;
  }

  /** Sets a status; answers whether that changed anything. Known to this process when it settles. */
  async set(given: NewStatus, author: string): Promise<boolean> {
    const changed = await this.database.transaction((tx) => this.write(tx, given, author));
    if (changed) await this.announce();
    return changed;
  }

  /** Takes a status back; answers whether there was one. */
  async clear(of: Resource, reason: string, author: string): Promise<boolean> {
    const changed = await this.database.transaction((tx) => this.remove(tx, of, reason, author));
    if (changed) await this.announce();
    return changed;
  }

  /** {@link set} in the caller's transaction, late in it: others who set wait. {@link announce} after the commit. */
  async write(tx: Transaction, given: NewStatus, author: string): Promise<boolean> {
    const { expires, ...wanted } = folded(given);
    const setAt = await beginChange(tx);
    const expiresAt = expires !== null && typeof expires === 'object' ? await timeIn(tx, expires.inSeconds) : expires;
    if (expiresAt !== null && expiresAt <= setAt) {
      const message = 'this time is over';
      throw new Refusal('invalid-request', `expires_at: ${message}`, {
        problems: [{ path: 'body.expires_at', message }],
      });
    }
    const before = await readStatus(tx, wanted);
    const next: ResourceStatus = { ...wanted, author, setAt, expiresAt };
    if (before !== null && isSame(before, next)) return false;
    await writeStatus(tx, next);
    await noteChange(tx, { ...next, at: setAt });
    const { status, reason } = next;
    await audit(tx, {
      vo: next.vo,
      actor: author,
      action: 'resource.set',
      subject: subjectOf(next),
      detail: { ...detailOf(next), status, reason, expiresAt },
    });
    return true;
  }

  /** {@link clear} in the caller's transaction; {@link announce} after the commit. */
  async remove(tx: Transaction, given: Resource, reason: string, author: string): Promise<boolean> {
    const of = folded(given);
    const at = await beginChange(tx);
    if (!(await removeStatus(tx, of))) return false;
    await noteChange(tx, { ...of, status: null, reason, author, at, expiresAt: null });
    await audit(tx, {
      vo: of.vo,
      actor: author,
      action: 'resource.clear',
      subject: subjectOf(of),
      detail: { ...detailOf(of), reason },
    });
    return true;
  }

  /** Tells all processes that something has changed, and reads it here. */
  async announce(): Promise<void> {
    this.wakeUps.wake('resource-status', ['changed']);
    await this.refresh();
  }

  private inForce(of: Resource): ResourceStatus | null {
    const held = this.held.get(keyOf(of));
    return held === undefined || held.until <= performance.now() ? null : held.status;
  }

  private async follow(): Promise<void> {
    try {
      await this.refresh();
    } catch (error) {
      this.log.warn('The status of resources could not be refreshed', { error });
    }
  }

  private async load(): Promise<void> {
    const edition = await readEdition(this.database);
    if (edition !== this.loaded) await this.read(edition);
    const changedAt = this.changedAt();
    if (changedAt === this.told) return;
    this.told = changedAt;
    for (const listener of this.listeners) listener();
  }

  private async read(edition: string): Promise<void> {
    const rows = await readStatuses(this.database);
    // Taken after the answer: a status may end a moment late, never before the database's time.
    const answered = performance.now();
    this.held = new Map(
      rows.map(({ status, left }) => [keyOf(status), { status, until: left === null ? Infinity : answered + left }]),
    );
    this.loaded = edition;
  }
}

async function timeIn(tx: Transaction, seconds: number): Promise<string> {
  const [row] = await tx.query<{ at: string }>('SELECT CAST(NOW(6) + INTERVAL ? SECOND AS CHAR) AS at', [seconds]);
  return row?.at ?? '';
}

function isSame(before: ResourceStatus, next: ResourceStatus): boolean {
  const keys = ['status', 'reason', 'author', 'expiresAt'] as const;
  return keys.every((key) => before[key] === next[key]);
}

/** The audit table's name for it. */
function subjectOf({ kind, name }: Resource): string {
  return `${kind}:${name}`.slice(0, 255);
}

function detailOf({ kind, name, access }: Resource): Record<string, unknown> {
  return { kind, name, ...(access === '' ? {} : { access }) };
}
