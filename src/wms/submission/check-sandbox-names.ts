import { type Problem, Refusal } from '../../contract/index.js';
import { shortPfn } from '../outputs/pfn.js';
import type { Finding } from './findings.js';
import { fillIn, type PreparedDescription } from './prepare.js';
import type { SubmittedDescription } from './read-descriptions.js';

/** Says what is wrong with well-formed sandbox names of the submitter; the path of each problem is the name. */
export type LookUp = (pfns: readonly string[]) => Promise<Problem[]>;

/** Every input sandbox that no job may use: names that are none, unknown sandboxes and those of others. */
export async function checkSandboxNames(
  submitted: readonly SubmittedDescription[],
  prepared: readonly PreparedDescription[],
  lookUp: LookUp,
): Promise<Finding[]> {
  const used = new Map<string, Set<string>>();
  prepared.forEach((one, index) => {
    const place = submitted[index];
    if (place === undefined) return;
    for (const name of sandboxNames(one)) {
      const paths = used.get(name) ?? new Set();
      used.set(name, paths.add(`${place.path}.${place.nameOf('input_sandbox')}`));
    }
  });
  const wellFormed = [...used.keys()].filter(isSandboxName);
  const malformed = [...used.keys()].filter((name) => !isSandboxName(name));
  const problems = [
    ...malformed.map((path) => ({ path, message: 'is no name of a sandbox' })),
    ...(wellFormed.length === 0 ? [] : await lookUp(wellFormed)),
  ];
  return problems.flatMap(({ path: name, message }) =>
    [...(used.get(name) ?? [])].map((path) => ({ path, message: `${name}: ${message}` })),
  );
}

function sandboxNames(one: PreparedDescription): string[] {
  const descriptions = one.varying.has('input_sandbox')
    ? one.expansions.map((expansion) => fillIn(one, expansion))
    : [one.description];
  return descriptions.flatMap(({ input_sandbox }) => input_sandbox.filter((item) => item.startsWith('SB:')));
}

function isSandboxName(text: string): boolean {
  try {
    shortPfn(text);
    return true;
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}
