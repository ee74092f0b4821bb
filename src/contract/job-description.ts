import { z } from 'zod';

const name = (limit: number) => z.string().trim().min(1).max(limit);
const names = z.array(name(255)).max(1000);

/** A parameter of a parametric job: the values themselves, or a count with start, step and factor. */
export const ParameterVector = z.union([
  z.array(z.union([z.string(), z.number(), z.array(z.string())])).min(1),
  z.strictObject({
    count: z.number().int().min(1),
    start: z.number().default(1),
    step: z.number().default(0),
    factor: z.number().default(1),
  }),
]);

/** `values` fills `%s`; each name of `named` fills `%(name)s`. All vectors have the same length. */
export const Parametric = z.strictObject({
  values: ParameterVector.optional(),
  named: z.record(z.string().regex(/^\w+$/), ParameterVector).optional(),
});

/**
 * A job description as JSON: `docs/job-description.md` is its table (JDL names, units, defaults). Limits that a site
 * configures are checked by the server; this schema holds the form. Times in seconds, memory in MB (10^6 bytes),
 * `cpu_work` in normalised seconds (seconds × the benchmark score of the core, DB12 scale).
 */
export const JobDescription = z.strictObject({
  executable: z.string().trim().min(1, 'an executable is needed').max(1024),
  arguments: z.string().max(16_384).default(''),
  job_name: name(128).default('Unknown'),
  job_type: name(32).default('User'),
  job_group: name(32).default('00000000'),
  priority: z.number().int().optional(),
  cpu_work: z.number().int().optional(),
  wall_time: z.number().int().min(1).optional(),
  sites: names.default([]),
  banned_sites: names.default([]),
  ces: names.default([]),
  platforms: names.default([]),
  min_processors: z.number().int().min(1).max(1024).default(1),
  max_processors: z.number().int().min(1).max(1024).optional(),
  whole_node: z.boolean().default(false),
  min_ram: z.number().int().min(0).optional(),
  max_ram: z.number().int().min(0).optional(),
  gpus: z.number().int().min(0).max(64).default(0),
  tags: names.default([]),
  input_sandbox: z.array(name(1024)).max(1000).default([]),
  output_sandbox: z.array(name(1024)).max(1000).default([]),
  stdout: name(255).default('std.out'),
  stderr: name(255).default('std.err'),
  input_data: names.default([]),
  output_data: names.default([]),
  output_se: names.default([]),
  environment: z.record(z.string().regex(/^[A-Za-z_]\w*$/), z.string().max(4096)).default({}),
  log_level: z.string().default('INFO'),
  payload_retries: z.number().int().min(0).max(10).default(0),
  parametric: Parametric.optional(),
  /** Attributes of a JDL that Pilotage does not know: kept as they came, without effect. */
  extra: z.record(z.string(), z.string()).default({}),
});

export type JobDescription = z.output<typeof JobDescription>;
export type JobDescriptionInput = z.input<typeof JobDescription>;

/** One parametric child: its index, the number of siblings, and the values of its parameters. */
export const Expansion = z.object({
  index: z.number().int().min(0),
  count: z.number().int().min(1),
  value: z.union([z.string(), z.array(z.string())]).optional(),
  named: z.record(z.string(), z.union([z.string(), z.array(z.string())])).default({}),
});
export type Expansion = z.output<typeof Expansion>;

/** JobStatus codes with which a payload asks for something: 222 = run me again (DIRAC's EWMSRESC modulo 256). */
export const rescheduleExitCode = 222;
