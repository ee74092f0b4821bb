import { checkDescription, type JobDescription, JdlSyntaxError, jdlNameOf, readJdl } from '../../contract/index.js';
import type { Finding } from './findings.js';

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

/** The descriptions of a call that can be read, and what is wrong with the others. */
export interface ReadDescriptions {
  descriptions: SubmittedDescription[];
  findings: Finding[];
}

const asItIs = (key: string): string => key;

/** Reads the JDL texts of a call. */
export function readJdls(texts: readonly string[]): ReadDescriptions {
  return readEach(texts, (text, path) => {
    try {
      return { ...readJdl(text), jdl: text, nameOf: jdlNameOf };
    } catch (error) {
      if (!(error instanceof JdlSyntaxError)) throw error;
      return { finding: { path, message: error.message, code: 'jdl-syntax' } };
    }
  });
}

/** Reads the JSON descriptions of a call. */
export function readJsons(inputs: readonly unknown[]): ReadDescriptions {
  return readEach(inputs, (input) => ({ ...checkDescription(input), jdl: null, nameOf: asItIs }));
}

type Read = ReturnType<typeof checkDescription> & Pick<SubmittedDescription, 'jdl' | 'nameOf'>;

function readEach<T>(
  items: readonly T[],
  read: (item: T, path: string) => Read | { finding: Finding },
): ReadDescriptions {
  const descriptions: SubmittedDescription[] = [];
  const findings: Finding[] = [];
  items.forEach((item, index) => {
    const path = `jobs[${index}]`;
    const one = read(item, path);
    if ('finding' in one) findings.push(one.finding);
    else if (one.description === null) findings.push(...one.problems.map((problem) => within(path, problem)));
    else descriptions.push({ path, description: one.description, jdl: one.jdl, nameOf: one.nameOf });
  });
  return { descriptions, findings };
}

function within(path: string, problem: Finding): Finding {
  return { ...problem, path: problem.path === '' ? path : `${path}.${problem.path}` };
}
