import type { BodyOf, ClaimedJob, execution } from '../../../src/contract/index.js';

/** A job of the fake server, with everything that the pilot said of it. */
export interface FakeJob {
  claimed: ClaimedJob;
  inputs: Buffer[];
  statuses: BodyOf<typeof execution.status>[];
  end?: BodyOf<typeof execution.end>;
  /** SHA-256 of the outputs, as announced last. */
  announced?: string;
  output?: Buffer;
  gone: boolean;
}
