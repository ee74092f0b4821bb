import { prepareSubmission, submissionLoad, submissionRaw, verifySubmission } from '../submission.mjs';

export const unit = 'jobs';

export const connectionsOf = (options) => options['bulk-connections'];

export async function prepare(world, { 'bulk-size': perRequest = 1_000, 'bulk-padding': padding = 0 }) {
  const { load, raw, ...prepared } = await prepareSubmission(world, 'bulk');
  return { ...prepared, load: { ...load, perRequest, padding }, raw: { ...raw, perRequest } };
}
/** Requests of many descriptions. */
export const loadOf = ({ perRequest, padding, ...data }) => submissionLoad(data, perRequest, padding);
export const verify = (world, prepared, { summary }) => verifySubmission(world, prepared, summary);
/** As many jobs per transaction on four connections. */
export const rawOf = ({ perRequest, ...data }) => submissionRaw(data, { connections: 4, perBatch: perRequest });
