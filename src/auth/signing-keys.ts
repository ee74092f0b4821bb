import { generateKeyPairSync, type JsonWebKey, type KeyObject, randomBytes } from 'node:crypto';
import { Refusal } from '../contract/index.js';
import {
  type Clock,
  ConfigurationError,
  type Database,
  type Log,
  systemClock,
  type Transaction,
  toWire,
} from '../platform/index.js';
import { type AttemptSecret, AttemptSecrets, secretOf } from './attempt-secrets.js';
import { openKey, sealKey } from './sealed-key.js';
import { VerifyingKey } from './verifying-key.js';

/** No token lives longer, so a key that signs no more can retire after this (s): 30 days. */
export const longestTokenSeconds = 30 * 86_400;
/** A new key stands in the JWKS for so long before it signs (s); every process reloads more often. */
const publishedAhead = 120;
const reloadSeconds = 5;
const purpose = 'tokens';

interface KeyRow {
  kid: string;
  public_jwk: string;
  private_jwk_encrypted: string;
  created_at: string;
  signs_from: string;
  retired_at: string | null;
  revoked_at: string | null;
  signs: number;
  verifies: number;
}

/** A key that signs. */
export interface SigningKey {
  kid: string;
  key: KeyObject;
  /** For the tokens of attempts. */
  secret: AttemptSecret;
}

/** What an administrator sees of a key. */
export interface KeyReport {
  kid: string;
  state: 'published' | 'signing' | 'verifying' | 'retired' | 'revoked';
  createdAt: string;
  signsFrom: string;
  /** When it verifies no more; null while nothing has replaced it. */
  retiresAt: string | null;
}

/**
 * The Ed25519 keys with which tokens are signed, shared by all processes through the database. The newest key whose time
 * has come signs; the others verify until they retire.
 */
export class SigningKeys {
  private signer: SigningKey | null = null;
  private verifiers = new Map<string, VerifyingKey>();
  private readonly secrets: AttemptSecrets;
  private published: Record<string, unknown>[] = [];
  private loadedAt = 0;
  private loading: Promise<void> = Promise.resolve();
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly database: Database,
    private readonly sealingKey: Buffer,
    private readonly log: Log,
    private readonly clock: Clock = systemClock,
  ) {
    this.secrets = new AttemptSecrets(sealingKey);
  }

  /** Loads the keys, makes the first one where there is none, and follows changes until {@link close}. */
  async start(): Promise<void> {
    await this.load();
    if (this.signer === null) {
      await this.alone(async (tx, rows) => {
        if (!rows.some(({ verifies }) => verifies === 1)) await this.insert(tx, 0);
      });
    }
    this.timer = setInterval(() => void this.follow(), reloadSeconds * 1_000);
    this.timer.unref();
  }

  close(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }

  /** The key that signs now. */
  signing(): SigningKey {
    if (this.signer === null) throw new Refusal('unavailable', 'There is no signing key', { retryAfter: 10 });
    return this.signer;
  }

  /** The public key with that id, or null; keys that other processes made are looked up at most once a second. */
  async verifying(kid: string): Promise<VerifyingKey | null> {
    await this.lookFor(kid);
    return this.verifiers.get(kid) ?? null;
  }

  /**
   * The secret of the key with that id, or null, like {@link verifying}. Throws a Refusal `unavailable` where the master
   * key does not open it.
   */
  async verifyingAttempts(kid: string): Promise<AttemptSecret | null> {
    await this.lookFor(kid);
    return this.secrets.of(kid);
  }

  private async lookFor(kid: string): Promise<void> {
    if (!this.verifiers.has(kid)) {
      const loaded = this.clock.now() - this.loadedAt > 1_000 ? this.load() : this.loading;
      // That the key which signs does not open here (`follow` warns of it) says nothing of those that verify.
      await loaded.catch((error: unknown) => {
        if (!(error instanceof ConfigurationError)) throw error;
      });
    }
  }

  /** Whether tokens of this key are still good, as of the last look at the database. */
  verifies(kid: string): boolean {
    return this.verifiers.has(kid);
  }

  /** The public keys, as the JWKS document shows them. */
  jwks(): { keys: Record<string, unknown>[] } {
    return { keys: this.published };
  }

  /** Makes a new key. It signs after two minutes; the present ones verify until the last token of theirs has expired. */
  async rotate(alongside: (tx: Transaction, kid: string) => Promise<void>): Promise<string> {
    return this.alone(async (tx) => {
      await tx.execute(
        `UPDATE signing_keys SET retired_at = NOW(6) + INTERVAL ? SECOND
         WHERE purpose = ? AND retired_at IS NULL AND revoked_at IS NULL`,
        [publishedAhead + longestTokenSeconds, purpose],
      );
      const kid = await this.insert(tx, publishedAhead);
      await alongside(tx, kid);
      return kid;
    });
  }

  /**
   * Makes the tokens of a key worthless, in every process within five seconds. Another key signs at once. Throws a
   * Refusal `invalid-request` when there is no such key.
   */
  async revoke(kid: string, alongside: (tx: Transaction, kid: string) => Promise<void>): Promise<void> {
    await this.alone(async (tx, rows) => {
      if (!rows.some((row) => row.kid === kid)) throw new Refusal('invalid-request', `There is no key ${kid}`);
      await tx.execute('UPDATE signing_keys SET revoked_at = COALESCE(revoked_at, NOW(6)) WHERE kid = ?', [kid]);
      const left = rows.filter((row) => row.kid !== kid && row.verifies === 1 && row.retired_at === null);
      if (left.length === 0) await this.insert(tx, 0);
      else if (!left.some(({ signs }) => signs === 1)) {
        await tx.execute('UPDATE signing_keys SET signs_from = NOW(6) WHERE kid = ?', [left[0]?.kid]);
      }
      await alongside(tx, kid);
    });
  }

  /** All keys there ever were, newest first. */
  async list(): Promise<KeyReport[]> {
    const rows = await keyRows(this.database);
    const signer = signerOf(rows);
    return rows.map((row) => ({
      kid: row.kid,
      state: stateOf(row, signer),
      createdAt: toWire(row.created_at),
      signsFrom: toWire(row.signs_from),
      retiresAt: toWire(row.retired_at),
    }));
  }

  private async alone<T>(change: (tx: Transaction, rows: KeyRow[]) => Promise<T>): Promise<T> {
    const changed = await this.database.withLock('signing-keys', 30, async () => ({
      value: await this.database.transaction(async (tx) => change(tx, await keyRows(tx))),
    }));
    if (changed === null) throw new Refusal('unavailable', 'Somebody else is changing the signing keys; try again');
    await this.load();
    return changed.value;
  }

  private async insert(tx: Transaction, ahead: number): Promise<string> {
    const kid = randomBytes(16).toString('hex');
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    await tx.execute(
      `INSERT INTO signing_keys (kid, purpose, algorithm, public_jwk, private_jwk_encrypted, signs_from)
       VALUES (?, ?, 'Ed25519', ?, ?, NOW(6) + INTERVAL ? SECOND)`,
      [
        kid,
        purpose,
        JSON.stringify(publicKey.export({ format: 'jwk' })),
        sealKey(privateKey, kid, this.sealingKey),
        ahead,
      ],
    );
    return kid;
  }

  private async follow(): Promise<void> {
    try {
      await this.load();
    } catch (error) {
      this.log.warn('The signing keys could not be refreshed', { error });
    }
  }

  /** Reads the keys as they are now: never joins a reading that began earlier. */
  private load(): Promise<void> {
    this.loadedAt = this.clock.now();
    this.loading = this.loading.then(
      () => this.read(),
      () => this.read(),
    );
    return this.loading;
  }

  private async read(): Promise<void> {
    const rows = (await keyRows(this.database)).filter(({ verifies }) => verifies === 1);
    const publics = rows.map(({ kid, public_jwk }) => ({ kid, jwk: JSON.parse(public_jwk) as JsonWebKey }));
    this.verifiers = new Map(publics.map(({ kid, jwk }) => [kid, this.verifiers.get(kid) ?? new VerifyingKey(jwk)]));
    this.secrets.follow(rows);
    this.published = publics.map(({ kid, jwk: { kty, crv, x } }) => ({
      kty,
      crv,
      x,
      alg: 'Ed25519',
      kid,
      key_ops: ['verify'],
    }));
    // Last: a server that still has an old master key cannot open new keys, but must learn which ones are revoked.
    const signer = signerOf(rows);
    if (signer?.kid === this.signer?.kid) return;
    this.signer = null;
    if (signer === undefined) return;
    const key = openKey(signer.private_jwk_encrypted, signer.kid, this.sealingKey);
    this.signer = { kid: signer.kid, key, secret: secretOf(key, signer.kid) };
  }
}

function keyRows(queryable: Pick<Database, 'query'>): Promise<KeyRow[]> {
  return queryable.query<KeyRow>(
    `SELECT kid, public_jwk, private_jwk_encrypted, created_at, signs_from, retired_at, revoked_at,
       signs_from <= NOW(6) AS signs, revoked_at IS NULL AND (retired_at IS NULL OR retired_at > NOW(6)) AS verifies
     FROM signing_keys WHERE purpose = ? ORDER BY signs_from DESC, kid`,
    [purpose],
  );
}

/** Rows come newest first. */
function signerOf(rows: KeyRow[]): KeyRow | undefined {
  return rows.find(({ signs, verifies }) => signs === 1 && verifies === 1);
}

function stateOf(row: KeyRow, signer: KeyRow | undefined): KeyReport['state'] {
  if (row.revoked_at !== null) return 'revoked';
  if (row.verifies !== 1) return 'retired';
  if (row.kid === signer?.kid) return 'signing';
  return row.signs === 1 ? 'verifying' : 'published';
}
