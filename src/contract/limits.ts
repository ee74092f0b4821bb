import { z } from 'zod';
import { endpoint } from './endpoint.js';

/** What a limit on running jobs counts, and how full it is. */
export const LimitState = z.object({
  Rule: z.string().describe('Where the rule stands in the configuration'),
  Counts: z.string().describe('Whose jobs at which place, as `name=value`; `all` for all jobs'),
  Kind: z.enum(['running', 'rate']).describe('`running`: jobs at one time; `rate`: jobs that begin within a window'),
  Window: z.number().nullable().describe('Seconds of the window of a rate; null for `running`'),
  Maximum: z.number().int(),
  InUse: z.number().int().describe('Jobs that run, or began within the window'),
  FreeIn: z
    .number()
    .nullable()
    .describe('Seconds until another job may begin; 0 for now, null when a job must end first'),
});
export type LimitState = z.output<typeof LimitState>;

/** Columns of {@link LimitState}, in the order of tables. */
export const limitColumns = ['Rule', 'Counts', 'Kind', 'Window', 'Maximum', 'InUse', 'FreeIn'] as const;

/** Limits on running jobs. */
export const limits = {
  list: endpoint({
    name: 'limits.list',
    method: 'GET',
    path: '/api/limits',
    access: 'administer',
    summary: "Limits on running jobs and how full they are: those of the caller's VO, and those common to all VOs",
    reply: z.array(LimitState),
  }),
} as const;
