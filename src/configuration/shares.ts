import { z } from 'zod';

/** How use of shares is remembered. */
export const ShareTerms = z
  .strictObject({
    half_life_days: z.number().positive().max(3_650).default(7).describe('Days after which use counts half'),
    credit_minutes: z
      .number()
      .min(0)
      .max(525_600)
      .default(60)
      .describe(
        'Credit of a VO, group or owner that returns after a pause: so many minutes of its share of the work go to it before the others go on',
      ),
  })
  .prefault({})
  .describe('How use is remembered from which whose turn it is follows');
