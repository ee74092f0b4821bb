import { z } from 'zod';

const part = z.number().min(0).max(1);
const seconds = z.number().positive();

/** When places that eat jobs are set aside by themselves, and how they come back. */
export const BlackHoles = z.strictObject({
  enabled: z
    .boolean()
    .default(true)
    .describe('Set places aside that lose jobs; when false nothing is judged, and those set aside are let go'),
  window: seconds.default(1_800).describe('Attempts that ended within this time are the evidence (s)'),
  fast: seconds.default(60).describe('A payload that fails this soon after its claim has failed suspiciously fast (s)'),
  least_failures: z
    .number()
    .int()
    .min(2)
    .default(5)
    .describe('A pilot or host is blamed for so many different jobs or more; a CE or site for twice as many'),
  least_share: part.default(0.3).describe('… and for this part of the jobs that ended there'),
  significance: z
    .number()
    .positive()
    .max(0.1)
    .default(0.001)
    .describe('… if chance alone would do that with this probability or less, at the rate of its peers and its past'),
  accepted_share: part
    .default(0.05)
    .describe('Part of the jobs that any place may lose: no place is held against a lower rate than this'),
  worst_past: part
    .default(0.2)
    .describe('A past that was worse than this excuses nothing: a place that always loses jobs is not normal'),
  set_aside: z
    .strictObject({
      hosts_of_a_site: part
        .default(0.25)
        .describe('Largest part of the hosts of a site; one host always, where there are three or more'),
      cores: part.default(0.2).describe('Largest part of the cores of all running pilots, for CEs and sites'),
    })
    .prefault({})
    .describe('How much may be set aside by itself at one time; beyond, there is an alarm only'),
  pause: seconds.default(900).describe('How long a place is banned the first time; doubled with each relapse (s)'),
  longest_pause: seconds.default(86_400).describe('Longest ban (s)'),
  probes: z.number().int().min(1).default(3).describe('So many jobs must end well before a place is let go'),
  probes_at_once: z
    .number()
    .int()
    .min(1)
    .default(5)
    .describe('Jobs that a CE or site on probation may hold at one time; a pilot or host holds one'),
  survival: seconds
    .default(600)
    .describe('An attempt that has been held for so long by a pilot in contact has ended well, for this purpose (s)'),
  memory: seconds.default(86_400).describe('Relapses are forgotten after this time of good behaviour (s)'),
  brake: z
    .strictObject({
      failures: z
        .number()
        .int()
        .min(1)
        .default(5)
        .describe(
          'A pilot or host that lost so many different jobs, each soon after its claim, gets no job for a while',
        ),
      pause: seconds
        .default(30)
        .describe('… for this long, until it has been judged; then one more loss is enough (s)'),
    })
    .prefault({})
    .describe('What every server does by itself, at once, before anybody has judged'),
});
export type BlackHoleRules = z.output<typeof BlackHoles>;
