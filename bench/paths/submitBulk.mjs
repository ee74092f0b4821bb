import { prepareSubmission, submissionLoad, submissionRaw, verifySubmission } from '../submission.mjs';

export const unit = 'jobs';
const perRequest = 1_000;

export const connectionsOf = (options) => options['bulk-connections'];
export const prepare = (world) => prepareSubmission(world, 'bulk');
/** A thousand descriptions per request. */
export const loadOf = (data) => submissionLoad(data, perRequest);
export const verify = (world, prepared, { summary }) => verifySubmission(world, prepared, summary);
/** A thousand jobs per transaction on four connections. */
export const rawOf = (data) => submissionRaw(data, { connections: 4, perBatch: perRequest });
