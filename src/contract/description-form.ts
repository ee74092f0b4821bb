import type { z } from 'zod';
import type { Problem } from './errors.js';
import { JobDescription } from './job-description.js';
import { parametricProblems } from './parametric.js';

/** The log levels that a description may name. */
export const logLevels = ['ALWAYS', 'FATAL', 'ERROR', 'WARN', 'NOTICE', 'INFO', 'VERBOSE', 'DEBUG'] as const;

/** A description that has the right form, or everything that is wrong with it. */
export interface CheckedDescription {
  description: JobDescription | null;
  problems: Problem[];
}

/**
 * Checks the form of one job description, in whichever notation it came, and brings it to its settled form: LFNs with
 * their prefix, log level in capitals, banned sites taken out of the wanted ones. `nameOf` gives the name by which a
 * problem calls a key. Limits of the configuration, known sites and rights are the server's to check.
 */
export function checkDescription(input: unknown, nameOf: (key: string) => string = (key) => key): CheckedDescription {
  const parsed = JobDescription.safeParse(input);
  if (!parsed.success) return { description: null, problems: problemsOf(parsed.error, nameOf) };
  const problems: Problem[] = [];
  const settled = settle(parsed.data, (key, message) => problems.push({ path: nameOf(key), message }));
  problems.push(
    ...parametricProblems(settled).map(({ path, message }) => ({ path: namedPath(path, nameOf), message })),
  );
  return { description: problems.length === 0 ? settled : null, problems };
}

/** The problems that a schema found, with paths like `parametric.named.A`, their first key named by `nameOf`. */
export function problemsOf(error: z.ZodError, nameOf: (key: string) => string = (key) => key): Problem[] {
  return error.issues.map((issue) => {
    const path = issue.path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
    return { path: namedPath(path.replace(/^\./, ''), nameOf), message: issue.message };
  });
}

function namedPath(path: string, nameOf: (key: string) => string): string {
  return path.replace(/^\w+/, nameOf);
}

type Complain = (key: string, message: string) => void;

function settle(given: JobDescription, complain: Complain): JobDescription {
  const level = given.log_level.toUpperCase();
  if (!(logLevels as readonly string[]).includes(level)) {
    complain('log_level', `${given.log_level} is no log level; known are ${logLevels.join(', ')}`);
  }
  if (given.max_processors !== undefined && given.max_processors < given.min_processors) {
    complain('max_processors', `the most (${given.max_processors}) is below the least (${given.min_processors})`);
  }
  for (const item of given.input_sandbox) checkSandboxItem(item, complain);
  return {
    ...given,
    ...settleSites(given, complain),
    log_level: level,
    input_data: settleLfns(given.input_data, complain),
  };
}

/** Banned sites are taken out of the wanted ones; where sites are wanted, the ban has then done its work. */
function settleSites(given: JobDescription, complain: Complain): Pick<JobDescription, 'sites' | 'banned_sites'> {
  if (given.sites.length === 0) return { sites: [], banned_sites: given.banned_sites };
  const banned = new Set(given.banned_sites.map((site) => site.toLowerCase()));
  const sites = given.sites.filter((site) => !banned.has(site.toLowerCase()));
  if (sites.length === 0) complain('banned_sites', 'every site that is wanted is banned');
  return { sites, banned_sites: [] };
}

/** Trims LFNs and adds their prefix. An item that begins with a parameter is judged once it is filled in. */
function settleLfns(given: string[], complain: Complain): string[] {
  return given.map((item) => {
    if (item.startsWith('%')) return item;
    const lfn = item.startsWith('/') ? `LFN:${item}` : item;
    if (!lfn.startsWith('LFN:/')) complain('input_data', `${item} is no LFN; LFNs begin with / or LFN:/`);
    else if (lfn.includes('//')) complain('input_data', `${item} has an empty part between two slashes`);
    return lfn;
  });
}

function checkSandboxItem(item: string, complain: Complain): void {
  if (/^LFN:(?!\/)/.test(item) && !item.startsWith('LFN:%'))
    complain('input_sandbox', `${item} is no LFN; LFNs begin with LFN:/`);
  if (item === 'SB:') complain('input_sandbox', 'SB: names no sandbox');
}
