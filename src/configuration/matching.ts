import { z } from 'zod';

/** How pilots are filled. */
export const MatchingTerms = z
  .strictObject({
    patience: z
      .number()
      .min(0)
      .max(2_592_000)
      .default(600)
      .describe(
        'Seconds after which a job that has been first in its task queue all the time keeps a pilot free whose place it fits, but not what is free there now; 0: never',
      ),
    keep_for: z
      .number()
      .min(0)
      .max(2_592_000)
      .default(3_600)
      .describe('Seconds for which a pilot is kept free for such a job at most'),
  })
  .prefault({});
