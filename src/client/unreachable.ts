const reasons: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection lost',
  EPIPE: 'connection lost',
  ENOTFOUND: 'host name not found',
  EAI_AGAIN: 'host name cannot be resolved now',
  ETIMEDOUT: 'no answer in time',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'no route to network',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is not signed by a trusted CA',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is not signed by a trusted CA',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is not signed by a trusted CA',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is not signed by a trusted CA',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host',
};

/** No answer came: the network, the proxy or TLS failed. One line that says which host and why. A retry may help. */
export class Unreachable extends Error {
  constructor(
    readonly host: string,
    cause: unknown,
  ) {
    super(`${host} cannot be reached: ${reasonOf(cause)}`, { cause });
    this.name = 'Unreachable';
  }
}

function reasonOf(cause: unknown): string {
  const { code, message, errors } = cause as { code?: unknown; message?: unknown; errors?: unknown[] };
  if (Array.isArray(errors) && errors.length > 0) return reasonOf(errors[0]);
  const known = typeof code === 'string' ? reasons[code] : undefined;
  return known ?? String(message ?? cause).split('\n')[0] ?? 'unknown reason';
}
