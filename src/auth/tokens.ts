import { hash, randomUUID, sign } from 'node:crypto';
import { z } from 'zod';
import { properties, Refusal } from '../contract/index.js';
import { type Clock, systemClock } from '../platform/index.js';
import type { AttemptPrincipal, PilotPrincipal, Principal, UserPrincipal } from './principals.js';
import { longestTokenSeconds, type SigningKeys } from './signing-keys.js';
import type { Revocations } from './revocations.js';
import { type VerifiedToken, VerifiedTokens } from './verified-tokens.js';

/** A token that was just made. */
export interface IssuedToken {
  token: string;
  /** Seconds. */
  expiresIn: number;
  /** Id of this token; safe to log. */
  id: string;
}

const audiences = { user: 'pilotage', pilot: 'pilotage-pilot', attempt: 'pilotage-attempt' } as const;

const common = { vo: z.string(), iss: z.string(), exp: z.number(), iat: z.number(), jti: z.string() };
const Claims = z.discriminatedUnion('aud', [
  z.object({
    ...common,
    aud: z.literal(audiences.user),
    sub: z.string(),
    dirac_group: z.string(),
    dirac_properties: z.array(z.enum(properties)),
    preferred_username: z.string(),
  }),
  z.object({ ...common, aud: z.literal(audiences.pilot), stamp: z.string() }),
  z.object({
    ...common,
    aud: z.literal(audiences.attempt),
    stamp: z.string(),
    job_id: z.number(),
    attempt: z.number(),
  }),
]);
const Header = z.object({ alg: z.enum(['Ed25519', 'HS256']), kid: z.string() });
type Algorithm = z.output<typeof Header>['alg'];
/** Characters of a signature. */
const lengths = { Ed25519: 86, HS256: 43 } as const;

/**
 * Makes and checks the access tokens of this installation: JWTs signed with Ed25519, those of attempts authenticated with
 * HS256 by a secret that belongs to the signing key. The claims of a user's token are DiracX's, because its clients read
 * them; the audience keeps users, pilots and attempts apart.
 */
export class Tokens {
  private readonly verified = new VerifiedTokens();
  private headers: { kid: string; encoded: Record<Algorithm, string> } | null = null;

  constructor(
    private readonly keys: SigningKeys,
    /** The public URL of the server. */
    private readonly issuer: string,
    private readonly clock: Clock = systemClock,
    private readonly revocations: Pick<Revocations, 'refuses'> = { refuses: () => false },
  ) {}

  /** A token for a user; `lifetime` in seconds. */
  forUser({ vo, group, subject, username, properties }: Omit<UserPrincipal, 'kind'>, lifetime: number): IssuedToken {
    return this.issue(audiences.user, lifetime, {
      sub: subject,
      vo,
      dirac_group: group,
      dirac_properties: properties,
      preferred_username: username,
      dirac_policies: {},
    });
  }

  /** A token for a pilot; `lifetime` in seconds. */
  forPilot({ vo, stamp }: Omit<PilotPrincipal, 'kind'>, lifetime: number): IssuedToken {
    return this.issue(audiences.pilot, lifetime, { sub: `pilot:${stamp}`, vo, stamp });
  }

  /** A token for one attempt of one job; `lifetime` in seconds, 30 days at most. The attempt's end makes it useless. */
  forAttempt({ vo, stamp, jobId, attempt }: Omit<AttemptPrincipal, 'kind'>, lifetime: number): IssuedToken {
    return this.issue(audiences.attempt, lifetime, {
      sub: `attempt:${jobId}.${attempt}`,
      vo,
      stamp,
      job_id: jobId,
      attempt,
    });
  }

  /** Who holds a token. Throws a Refusal `invalid-token` unless it is genuine, of this installation, and in force. */
  async verify(token: string): Promise<Principal> {
    const now = this.clock.now() / 1_000;
    const fingerprint = hash('sha256', token, 'base64');
    const known = this.verified.find(fingerprint, now);
    if (known !== undefined && this.keys.verifies(known.kid)) return this.unlessRevoked(known);
    const verified = await this.examine(token, now);
    this.verified.add(fingerprint, verified);
    return this.unlessRevoked(verified);
  }

  private unlessRevoked(token: VerifiedToken): Principal {
    if (this.revocations.refuses(token.principal, token)) throw invalid();
    return token.principal;
  }

  private issue(audience: string, lifetime: number, claims: Record<string, unknown>): IssuedToken {
    if (lifetime > longestTokenSeconds) throw new Error(`No token lives longer than ${longestTokenSeconds} s`);
    const { kid, key, secret } = this.keys.signing();
    const headers = this.headersOf(kid);
    const iat = Math.floor(this.clock.now() / 1_000);
    const expiresIn = Math.floor(lifetime);
    const id = randomUUID();
    const payload = encode({ iss: this.issuer, aud: audience, iat, exp: iat + expiresIn, jti: id, ...claims });
    if (audience === audiences.attempt) {
      const text = `${headers.HS256}.${payload}`;
      return { token: `${text}.${secret.codeOf(text)}`, expiresIn, id };
    }
    const text = `${headers.Ed25519}.${payload}`;
    return { token: `${text}.${sign(null, Buffer.from(text), key).toString('base64url')}`, expiresIn, id };
  }

  private headersOf(kid: string): Record<Algorithm, string> {
    if (this.headers?.kid !== kid) {
      const header = (alg: Algorithm): string => encode({ typ: 'JWT', alg, kid });
      this.headers = { kid, encoded: { Ed25519: header('Ed25519'), HS256: header('HS256') } };
    }
    return this.headers.encoded;
  }

  private async examine(token: string, now: number): Promise<VerifiedToken> {
    const parts = /^([\w-]{1,1024})\.([\w-]{1,8192})\.([\w-]{43,86})$/.exec(token);
    const [, head = '', payload = '', signature = ''] = parts ?? [];
    const header = Header.safeParse(decode(head));
    if (!header.success || signature.length !== lengths[header.data.alg]) throw invalid();
    const { kid, alg } = header.data;
    if (!(await this.isGenuine({ kid, alg }, `${head}.${payload}`, signature))) throw invalid();
    const claims = Claims.safeParse(decode(payload));
    if (!claims.success || claims.data.iss !== this.issuer || claims.data.exp <= now) throw invalid();
    // Nobody makes others with it; attempts that older servers signed are good until they end.
    if (alg === 'HS256' && claims.data.aud !== audiences.attempt) throw invalid();
    const { exp: expires, iat: issuedAt, jti: id } = claims.data;
    return { principal: principalOf(claims.data), expires, kid, issuedAt, id };
  }

  private async isGenuine(
    { kid, alg }: { kid: string; alg: Algorithm },
    text: string,
    signature: string,
  ): Promise<boolean> {
    if (alg === 'HS256') return (await this.keys.verifyingAttempts(kid))?.isCodeOf(text, signature) ?? false;
    const key = await this.keys.verifying(kid);
    return key !== null && (await key.isSignatureOf(Buffer.from(text), Buffer.from(signature, 'base64url')));
  }
}

function principalOf(claims: z.output<typeof Claims>): Principal {
  const { vo } = claims;
  switch (claims.aud) {
    case 'pilotage':
      return {
        kind: 'user',
        vo,
        group: claims.dirac_group,
        subject: claims.sub,
        username: claims.preferred_username,
        properties: claims.dirac_properties,
      };
    case 'pilotage-pilot':
      return { kind: 'pilot', vo, stamp: claims.stamp };
    case 'pilotage-attempt':
      return { kind: 'attempt', vo, stamp: claims.stamp, jobId: claims.job_id, attempt: claims.attempt };
  }
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function decode(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}

function invalid(): Refusal {
  return new Refusal('invalid-token', 'Invalid JWT');
}
