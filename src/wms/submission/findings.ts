import { type Problem, Refusal, type RefusalCode } from '../../contract/index.js';

/** A problem of a submission, and the code that it gives to the refusal; `invalid-description` unless said. */
export interface Finding extends Problem {
  code?: 'jdl-syntax' | 'needs-catalogue';
}

/** Most problems that one refusal lists; the rest is counted. */
export const mostProblems = 1_000;

/** One refusal for everything that is wrong with a submission: nothing of it is accepted. */
export function refuseAll(findings: readonly Finding[]): Refusal {
  const code = codeOf(findings);
  const problems = findings.slice(0, mostProblems).map(({ path, message }) => ({ path, message }));
  const left = findings.length - problems.length;
  if (left > 0) problems.push({ path: '', message: `and ${left} more` });
  const [first] = findings;
  const said = first === undefined ? '' : `${first.path}: ${first.message}`;
  const others = findings.length > 1 ? ` (and ${findings.length - 1} more)` : '';
  return new Refusal(code, `${code === 'jdl-syntax' ? 'JDL syntax error: ' : ''}${said}${others}`, { problems });
}

function codeOf(findings: readonly Finding[]): RefusalCode {
  if (findings.some(({ code }) => code === 'jdl-syntax')) return 'jdl-syntax';
  return findings.every(({ code }) => code === 'needs-catalogue') ? 'needs-catalogue' : 'invalid-description';
}
