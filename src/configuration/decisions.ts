import { z } from 'zod';

/** Which decisions of the matcher are kept as a whole. */
export const KeptDecisions = z
  .strictObject({
    sample_one_in: z
      .number()
      .int()
      .min(0)
      .default(1_000)
      .describe(
        'Of so many claims one is kept with all that decided its first job, if it gets one; 1 for all, 0 for none',
      ),
    keep_days: z.number().positive().max(36_500).default(14).describe('Days that they are kept'),
  })
  .prefault({});
