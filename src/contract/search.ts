import { z } from 'zod';

const ScalarSearch = z.object({
  parameter: z.string(),
  operator: z.enum(['eq', 'neq', 'gt', 'lt', 'like', 'not like', 'regex']),
  value: z.union([z.string(), z.number().int(), z.boolean().transform(Number)]),
});
const VectorSearch = z.object({
  parameter: z.string(),
  operator: z.enum(['in', 'not in']),
  values: z.union([z.array(z.string()), z.array(z.number().int())]),
});
/** One condition of a search; all are ANDed. */
export const SearchSpec = z.union([ScalarSearch, VectorSearch]);
export type SearchSpec = z.output<typeof SearchSpec>;
export const SortSpec = z.object({ parameter: z.string(), direction: z.enum(['asc', 'desc']) });

export const SearchBody = z
  .object({
    parameters: z.array(z.string()).nullish(),
    search: z.array(SearchSpec).default([]),
    sort: z.array(SortSpec).default([]),
    distinct: z.boolean().default(false),
  })
  .prefault({});
export type SearchBody = z.output<typeof SearchBody>;
export const Paging = z.object({
  /** Bounded, so that the offset stays a number that the database can read. */
  page: z.coerce.number().int().min(1).max(1_000_000_000).default(1),
  per_page: z.coerce.number().int().min(1).max(10_000).default(100),
});
/** A search that is read stretch by stretch with a cursor: as fast on the last stretch as on the first. */
export const ListBody = z.object({
  parameters: z.array(z.string()).nullish(),
  search: z.array(SearchSpec).default([]),
  sort: z
    .object({
      parameter: z.enum(['JobID', 'SubmissionTime', 'LastUpdateTime']),
      direction: z.enum(['asc', 'desc']).default('desc'),
    })
    .default({ parameter: 'JobID', direction: 'desc' }),
  limit: z.number().int().min(1).max(10_000).default(100),
  /** `next` of the reply before, with the same `search` and `sort`; absent or null for the first stretch. */
  cursor: z.string().max(1_024).nullish(),
  /** Count all jobs that match, too. */
  total: z.boolean().default(false),
});
export type ListBody = z.output<typeof ListBody>;
export const SummaryBody = z.object({ grouping: z.array(z.string()), search: z.array(SearchSpec).default([]) });
/** A row of a search or summary: column → value. */
export const Row = z.record(z.string(), z.unknown());
