import { z } from 'zod';

const value = (what: string, by = '') =>
  z
    .string()
    .trim()
    .min(1)
    .max(128)
    .optional()
    .describe(`Only jobs of this ${what}${by}; "*" counts each ${what} by itself; every ${what} together when absent`);

const attributes = {
  vo: value('VO'),
  group: value('group'),
  owner: value('owner', ' (user name)'),
  job_type: value('job type'),
};

const amounts = {
  max_running: z
    .number()
    .int()
    .min(0)
    .max(1_000_000)
    .optional()
    .describe('Most jobs that run at one time, from the claim to the end of the attempt; 0 lets none begin'),
  per_minute: z.number().int().min(1).max(10_000).optional().describe('Most jobs that begin in any 60 seconds'),
  delay_seconds: z
    .number()
    .min(0.001)
    .max(86_400)
    .optional()
    .describe('Least seconds from the begin of one job to that of the next'),
};

const saysSomething = (rule: object): boolean => Object.keys(amounts).some((name) => Object.hasOwn(rule, name));

function rules<Shape extends Partial<typeof attributes>>(shape: Shape, where: string) {
  return z
    .array(
      z
        .strictObject({ ...shape, ...amounts })
        .refine(saysSomething, 'limits nothing: say max_running, per_minute or delay_seconds'),
    )
    .default([])
    .describe(`Limits on the jobs that run ${where}; the operators' guide has examples`);
}

const { vo: _vo, ...withinVo } = attributes;
const { group: _group, ...withinGroup } = withinVo;

/** The lists of limits on running jobs, by where in the configuration they stand. */
export const runningLimits = {
  installation: rules(attributes, 'in the whole installation'),
  vo: rules(withinVo, 'for this VO'),
  group: rules(withinGroup, 'for this group'),
  site: rules(attributes, 'at this site'),
  ce: rules(attributes, 'at this CE'),
};

/** One rule of such a list, with all that any of them may say. */
export interface RunningLimit {
  vo?: string | undefined;
  group?: string | undefined;
  owner?: string | undefined;
  job_type?: string | undefined;
  max_running?: number | undefined;
  per_minute?: number | undefined;
  delay_seconds?: number | undefined;
}
