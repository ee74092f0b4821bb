import { checkDescription, type JobDescription, JdlSyntaxError, jdlNameOf, readJdl } from '../../contract/index.js';
import { Slices } from '../../platform/index.js';
import type { Finding, Findings } from './findings.js';

/** One description of a call that has the right form. */
export interface SubmittedDescription {
  /** `jobs[3]`: where in the call it stands. */
  path: string;
  description: JobDescription;
  /** The text as it came, or null for JSON. */
  jdl: string | null;
  /** What a key of the description is called in the notation that the caller used. */
  nameOf: (key: string) => string;
}

const asItIs = (key: string): string => key;

/** Reads the JDL texts of a call. What is wrong with those that are left out goes into `findings`. */
export function readJdls(texts: readonly string[], findings: Findings): Promise<SubmittedDescription[]> {
  return readEach(texts, findings, (text, path) => {
    try {
      return { ...readJdl(text), jdl: text, nameOf: jdlNameOf };
    } catch (error) {
      if (!(error instanceof JdlSyntaxError)) throw error;
      return { finding: { path, message: error.message, code: 'jdl-syntax' } };
    }
  });
}

/** Reads the JSON descriptions of a call. What is wrong with those that are left out goes into `findings`. */
export function readJsons(inputs: readonly unknown[], findings: Findings): Promise<SubmittedDescription[]> {
  return readEach(inputs, findings, (input) => ({ ...checkDescription(input), jdl: null, nameOf: asItIs }));
}

type Read = ReturnType<typeof checkDescription> & Pick<SubmittedDescription, 'jdl' | 'nameOf'>;

async function readEach<T>(
  items: readonly T[],
  findings: Findings,
  read: (item: T, path: string) => Read | { finding: Finding },
): Promise<SubmittedDescription[]> {
  const descriptions: SubmittedDescription[] = [];
  const slices = new Slices();
  for (const [index, item] of items.entries()) {
    if (slices.isOver) await slices.next();
    const path = `jobs[${index}]`;
    const one = read(item, path);
    if ('finding' in one) findings.add([one.finding]);
    else if (one.description === null) findings.add(one.problems.map((problem) => within(path, problem)));
    else descriptions.push({ path, description: one.description, jdl: one.jdl, nameOf: one.nameOf });
  }
  return descriptions;
}

function within(path: string, problem: Finding): Finding {
  return { ...problem, path: problem.path === '' ? path : `${path}.${problem.path}` };
}
