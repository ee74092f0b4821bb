import { z } from 'zod';

const count = z.number().int().min(0);

/** A rate of calls: so many a second on average, so many at once after a pause. */
function rate(perSecond: number, burst: number, whose: string) {
  return z
    .strictObject({
      per_second: z.number().min(0).default(perSecond).describe('Calls a second in the long run; 0 for no limit'),
      burst: z.number().int().min(1).default(burst).describe('Calls that may come at once after a pause'),
    })
    .prefault({})
    .describe(whose);
}

/** What callers may ask of the servers. */
export const Limits = z.strictObject({
  rates: z
    .strictObject({
      pilot: rate(200, 2_000, 'Calls of one pilot and its attempts, per server'),
      exchange: rate(
        100,
        5_000,
        'Exchanges of secrets for tokens from one address, over all servers: many pilots may share an address',
      ),
      submit: rate(100, 1_000, 'Submissions and announced sandboxes of one user, per server'),
      report: rate(1_000, 10_000, 'Updates by one identity for jobs and pilots that something else runs, per server'),
      change: rate(50, 500, 'Other changes by one user, per server'),
      search: rate(20, 200, 'Searches and summaries of one user, per server'),
      stream: rate(20, 200, 'Logs that one user opens, per server'),
      read: rate(200, 2_000, 'Other looks of one user, per server'),
    })
    .prefault({}),
  searches: z
    .strictObject({
      at_once: z
        .number()
        .int()
        .min(1)
        .default(6)
        .describe('Searches that run at once, per server; its pool has 20 connections'),
      waiting: count.default(100).describe('Searches that may wait for their turn, per server'),
      per_user: z.number().int().min(1).default(20).describe('Searches of one user that run or wait, per server'),
      longest_wait: z.number().positive().default(10).describe('Longest wait of a search for its turn (s)'),
    })
    .prefault({}),
  streams: z
    .strictObject({
      per_user: count.default(50).describe('Log streams and downloads of one user, per server'),
      at_once: count.default(1_000).describe('Log streams and downloads, per server'),
      claims_per_pilot: count.default(8).describe('Claims of one pilot that wait for jobs, per server'),
      claims_at_once: count
        .default(20_000)
        .describe('Claims that wait for jobs, per server; beyond, claims are answered at once with what there is'),
    })
    .prefault({}),
});
/** A rate, as {@link Limits} writes it. */
export type CallRate = z.output<ReturnType<typeof rate>>;
