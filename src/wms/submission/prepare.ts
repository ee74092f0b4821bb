import { type Expansion, expandParametric, JobDescription, substitute } from '../../contract/index.js';
import { Slices } from '../../platform/index.js';
import { checkLimits, complete, type JobRules, type KeyFinding } from './check-limits.js';
import type { Finding, Findings } from './findings.js';
import type { SubmittedDescription } from './read-descriptions.js';

/** A description that will be stored, with the jobs that it makes. */
export interface PreparedDescription {
  jdl: string | null;
  /** Completed, without its parameters: those stand with each job. */
  description: JobDescription;
  /** The same as JSON, as it is stored. */
  document: string;
  /** Keys with placeholders, which differ from job to job. */
  varying: ReadonlySet<string>;
  /** One per job; null for the only job of a plain description. */
  expansions: (Expansion | null)[];
}

/** The largest job id, so that a text that names `%j` is judged at its longest. */
const longestId = Number.MAX_SAFE_INTEGER;
const largestDocument = 1024 * 1024;
const placeholder = /%(?:[snj]|\(\w+\)s)/;

/** Completes, checks and expands every description of a call; every problem of every job goes into `findings`. */
export async function prepareJobs(
  submitted: readonly SubmittedDescription[],
  rules: JobRules,
  findings: Findings,
): Promise<PreparedDescription[]> {
  const prepared: PreparedDescription[] = [];
  const slices = new Slices();
  for (const one of submitted) {
    if (slices.isOver) await slices.next();
    const { parametric: _, ...plain } = complete(one.description, rules);
    const expansions = one.description.parametric === undefined ? [null] : expandParametric(one.description);
    const document = JSON.stringify(plain);
    const varying = placeholder.test(document) ? varyingKeys(plain) : new Set<string>();
    const item = { jdl: one.jdl, description: plain, document, varying, expansions };
    findings.add(check(item, one, rules));
    if (varying.size > 0) await checkChildren(item, one, { rules, findings, slices });
    prepared.push(item);
  }
  return prepared;
}

/** The description of one job; without an id, `%j` is filled as long as an id can be. */
export function fillIn(
  { description, varying }: PreparedDescription,
  expansion: Expansion | null,
  jobId = longestId,
): JobDescription {
  return varying.size === 0 ? description : substitute(description, expansion, jobId);
}

function varyingKeys(description: JobDescription): Set<string> {
  const varies = ([, value]: [string, unknown]): boolean =>
    typeof value === 'string' || typeof value === 'object' ? placeholder.test(JSON.stringify(value)) : false;
  return new Set(
    Object.entries(description)
      .filter(varies)
      .map(([key]) => key),
  );
}

function check(item: PreparedDescription, { path, nameOf }: SubmittedDescription, rules: JobRules): Finding[] {
  const found = checkLimits(item.description, rules).filter(({ key }) => !item.varying.has(key));
  const findings = found.map((finding) => named(path, nameOf, finding));
  if (item.document.length > largestDocument) {
    findings.push({ path, message: `the description is longer than ${largestDocument} characters` });
  }
  return findings;
}

async function checkChildren(
  item: PreparedDescription,
  { path, nameOf }: SubmittedDescription,
  { rules, findings, slices }: { rules: JobRules; findings: Findings; slices: Slices },
): Promise<void> {
  for (const expansion of item.expansions) {
    if (slices.isOver) await slices.next();
    const childPath = expansion === null ? path : `${path}.child[${expansion.index}]`;
    const wrong = checkFilled(fillIn(item, expansion), item.varying, rules);
    findings.add(wrong.map((finding) => named(childPath, nameOf, finding)));
  }
}

/** Filling in may lengthen texts and name sites, so what varies is judged again for each job. */
function checkFilled(child: JobDescription, varying: ReadonlySet<string>, rules: JobRules): KeyFinding[] {
  const form = [...varying].flatMap((name): KeyFinding[] => {
    const key = name as keyof JobDescription;
    const parsed = JobDescription.shape[key].safeParse(child[key]);
    return parsed.success ? [] : [{ key, message: parsed.error.issues[0]?.message ?? 'not valid' }];
  });
  return [...form, ...checkLimits(child, rules).filter(({ key }) => varying.has(key))];
}

function named(path: string, nameOf: (key: string) => string, { key, message, code }: KeyFinding): Finding {
  return { path: `${path}.${nameOf(key)}`, message, ...(code === undefined ? {} : { code }) };
}
