import { prepareSubmission, submissionLoad, submissionRaw, verifySubmission } from '../submission.mjs';

export const unit = 'jobs';

export const prepare = (world) => prepareSubmission(world, 'single');
/** One description per request. */
export const loadOf = (data) => submissionLoad(data, 1);
export const verify = (world, prepared, { summary }) => verifySubmission(world, prepared, summary);
/** Sixty-four jobs per transaction on two connections: what shared commits could come to at best. */
export const rawOf = (data) => submissionRaw(data, { connections: 2, perBatch: 64 });
