import { z } from 'zod';

const amount = z.number().min(0);

/** A number, or how it is drawn: between two, around a mean that is often less (exponential), around a median. */
export const Distribution = z.union([
  amount,
  z.strictObject({ from: amount, to: amount }).refine(({ from, to }) => from <= to, '`from` is more than `to`'),
  z.strictObject({ mean: amount }),
  z.strictObject({ median: amount.positive(), sigma: amount, at_most: amount.optional() }),
]);
export type Distribution = z.output<typeof Distribution>;

/** Draws a number. */
export function draw(distribution: Distribution, random: () => number): number {
  if (typeof distribution === 'number') return distribution;
  if ('from' in distribution) return distribution.from + random() * (distribution.to - distribution.from);
  if ('mean' in distribution) return -distribution.mean * Math.log(1 - random());
  const { median, sigma, at_most: most = Infinity } = distribution;
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.min(most, median * Math.exp(sigma * normal));
}
