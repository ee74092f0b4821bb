import { afterAll, afterEach, beforeAll, describe } from '@jest/globals';
import type { OpenableDriver } from '../../src/ce/index.js';
import { credentials } from './conformance-credentials.js';
import { oddAnswers } from './conformance-odd-answers.js';
import type { Peer } from './conformance-peer.js';
import { questions } from './conformance-questions.js';
import { runs } from './conformance-runs.js';
import { Stand } from './conformance-stand.js';
import { stopping } from './conformance-stopping.js';
import { submission } from './conformance-submission.js';
import { connections } from './conformance-trouble.js';

export type { Abilities, Peer, RunningPeer, Struck, Trouble } from './conformance-peer.js';
export { aProgram, aStamp } from './conformance-stand.js';

/** The promises of `ComputingElement`, as tests of one driver with one resource. */
export function conforms(driver: OpenableDriver, peer: Peer): void {
  describe(`The computing element driver ${driver.name} with ${peer.name}`, () => {
    const stand = new Stand(driver, peer);
    const patience = peer.abilities.within + 60_000;
    beforeAll(() => stand.start(), patience);
    afterEach(() => stand.tidy(), patience);
    afterAll(() => stand.end(), patience);

    for (const topic of [runs, submission, stopping, questions, credentials, connections, oddAnswers]) topic(stand);
  });
}
