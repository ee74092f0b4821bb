/**
 * Why a computing element could not do what was asked:
 * `authentication` it does not know who we are · `authorisation` it knows and says no · `capacity` it is full, try later ·
 * `bad-description` this run can never be accepted as described · `unreachable` no answer in time, try later ·
 * `protocol` anything else: a wrong setting or a foreign answer.
 */
export const ceErrorKinds = [
  'authentication',
  'authorisation',
  'capacity',
  'bad-description',
  'unreachable',
  'protocol',
] as const;
export type CeErrorKind = (typeof ceErrorKinds)[number];

/**
 * The only error of a computing element besides the reason of an abort signal. Its message says what to do; the agent
 * decides by `kind` on retry and back-off.
 */
export class ComputingElementError extends Error {
  constructor(
    readonly kind: CeErrorKind,
    message: string,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'ComputingElementError';
  }
}
