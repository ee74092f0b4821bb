import { createHash } from 'node:crypto';
import { type Problem, Refusal } from '../contract/index.js';
import { crossReferenceFindings, type DriverChecks, driverFindings } from './cross-references.js';
import { ConfigurationDocument, messagesOf } from './document.js';
import { Configuration } from './schema.js';

/**
 * The configuration that a text (YAML or JSON) means, and a hash of its meaning, whatever its layout and comments.
 * Throws a Refusal `invalid-configuration` with all of its problems, each with path and line.
 */
export function readConfiguration(
  text: string,
  checks: DriverChecks,
): { configuration: Configuration; sha256: string } {
  const read = ConfigurationDocument.read(text);
  if ('problems' in read) throw refuse(read.problems);
  const { document } = read;
  const parsed = Configuration.safeParse(document.value ?? {});
  if (!parsed.success) {
    throw refuse(parsed.error.issues.map((issue) => document.problem(issue.path, messagesOf(issue))));
  }
  const findings = [...crossReferenceFindings(parsed.data), ...driverFindings(parsed.data, checks)];
  if (findings.length > 0) throw refuse(findings.map(({ path, message }) => document.problem(path, message)));
  return { configuration: parsed.data, sha256: meaningOf(document.value) };
}

function refuse(problems: Problem[]): Refusal {
  const number = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
  return new Refusal('invalid-configuration', `The configuration has ${number}`, { problems });
}

function meaningOf(value: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(value)))
    .digest('hex');
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]));
}
