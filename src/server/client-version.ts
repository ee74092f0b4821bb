import { Refusal } from '../contract/index.js';

/** The oldest DiracX client whose requests this server understands. */
const oldest = '0.0.1a1';

// Versions of Python packages (PEP 440): epoch, release, pre, post, dev, local.
const pattern =
  /^v?(?:(\d+)!)?(\d+(?:\.\d+)*)(?:[-_.]?(alpha|beta|preview|pre|a|b|c|rc)[-_.]?(\d*))?(?:-(\d+)|[-_.]?(?:post|rev|r)[-_.]?(\d*))?(?:[-_.]?(dev)[-_.]?(\d*))?(?:\+[a-z0-9]+(?:[-_.][a-z0-9]+)*)?$/i;

/** Throws a Refusal `client-too-old` for a `DiracX-Client-Version` header that is too low or no version. */
export function checkClientVersion(header: string | string[] | undefined): void {
  if (typeof header !== 'string') return;
  const version = parse(header);
  if (version === null) throw new Refusal('client-too-old', `Invalid version string: '${header.slice(0, 64)}'`);
  if (compare(version, parse(oldest) ?? []) < 0) {
    throw new Refusal(
      'client-too-old',
      `Client version ${header} is not compatible with the server. Upgrade to a version >= ${oldest}.`,
    );
  }
}

/** A version as numbers that order like it: epoch, eight parts of the release, pre, post, dev. */
function parse(text: string): number[] | null {
  const match = text.length > 64 ? null : pattern.exec(text.trim());
  if (match === null) return null;
  const [, epoch, release = '', pre, preNumber, implicitPost, post, dev, devNumber] = match;
  const parts = release.split('.').map(Number);
  const isPost = implicitPost !== undefined || post !== undefined;
  return [
    Number(epoch ?? 0),
    ...Array.from({ length: 8 }, (_, index) => parts[index] ?? 0),
    ...prePhase(pre, preNumber, dev !== undefined && !isPost),
    isPost ? Number(implicitPost ?? (post || 0)) : -1,
    dev === undefined ? Number.MAX_SAFE_INTEGER : Number(devNumber || 0),
  ];
}

/** A development release of a final version comes before its alphas. */
function prePhase(pre: string | undefined, number: string | undefined, isDevelopment: boolean): [number, number] {
  if (pre === undefined) return [isDevelopment ? -1 : 3, 0];
  const phases: Record<string, number> = { a: 0, alpha: 0, b: 1, beta: 1 };
  return [phases[pre.toLowerCase()] ?? 2, Number(number || 0)];
}

function compare(a: number[], b: number[]): number {
  const index = a.findIndex((part, position) => part !== b[position]);
  return index < 0 ? 0 : (a[index] ?? 0) - (b[index] ?? 0);
}
