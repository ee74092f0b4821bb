import type { ClaimReply, JobDescription } from '../../contract/index.js';

const texts = new WeakMap<JobDescription, string>();

/** Makes the text of a description that many replies will hold, and that never changes; gives its length. */
export function keepText(description: JobDescription): number {
  const text = JSON.stringify(description);
  texts.set(description, text);
  return text.length;
}

/**
 * A reply to a claim as JSON. Descriptions are the larger part of it, with dozens of sites and platforms each; the text of
 * one that its jobs share is not made again for each of them.
 */
export function claimText({ jobs, ...rest }: ClaimReply): string {
  const list = jobs.map(({ description, ...job }) => {
    const text = texts.get(description) ?? JSON.stringify(description);
    return `${JSON.stringify(job).slice(0, -1)},"description":${text}}`;
  });
  return `{"jobs":[${list.join(',')}],${JSON.stringify(rest).slice(1)}`;
}
