import type { CeErrorKind, Credentials } from '../../../../src/ce/index.js';

/** Whom a resource knows: VOs, and the users that it takes them for. */
export interface Rules {
  audience: string;
  users: Map<string, string>;
}

interface Claims {
  issuer: string;
  vo: string;
  audience: string;
  scopes: string[];
  /** Milliseconds since 1970. */
  expires: number;
}

/** A token that is good unless something else is said. Nothing signs it: the resource is a fake. */
export function aToken(more: Partial<Claims> = {}): Credentials {
  const claims: Claims = {
    issuer: 'known',
    vo: 'lhcb',
    audience: 'plain.example.org',
    scopes: ['create', 'read'],
    expires: Date.now() + 3_600_000,
    ...more,
  };
  return { kind: 'token', token: Buffer.from(JSON.stringify(claims)).toString('base64url') };
}

interface Refusal {
  status: number;
  kind: CeErrorKind;
  message: string;
}

/** The user behind a call, or why there is none. */
export function judge(
  authorization: string | undefined,
  action: string,
  rules: Rules,
): { user: string; refusal?: never } | { user?: undefined; refusal: Refusal } {
  const token = /^Bearer (\S+)$/.exec(authorization ?? '')?.[1];
  const unknown = (message: string): { refusal: Refusal } => ({
    refusal: { status: 401, kind: 'authentication', message },
  });
  if (token === undefined) return unknown('There is no token; bring one');
  const claims = JSON.parse(Buffer.from(token, 'base64url').toString('utf8')) as Claims;
  if (claims.issuer !== 'known') return unknown('The issuer of the token is not known here');
  if (claims.audience !== rules.audience)
    return unknown(`The token is for ${claims.audience}, not for ${rules.audience}`);
  if (claims.expires < Date.now()) return unknown('The token has expired; get a new one');
  const user = rules.users.get(claims.vo);
  const denied = (message: string): { refusal: Refusal } => ({
    refusal: { status: 403, kind: 'authorisation', message },
  });
  if (user === undefined) return denied(`The site does not let ${claims.vo} in; ask its administrator`);
  const right = action === 'submit' ? 'create' : 'read';
  return claims.scopes.includes(right) ? { user } : denied(`The token lacks ${right}`);
}
