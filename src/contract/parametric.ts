import type { z } from 'zod';
import type { Problem } from './errors.js';
import type { Expansion, JobDescription, ParameterVector } from './job-description.js';

type Vector = z.output<typeof ParameterVector>;
type Value = string | string[];

/** How many jobs a description makes; null when it is not parametric. */
export function parametricCount(description: JobDescription): number | null {
  const [first] = vectorsOf(description);
  return first === undefined ? null : lengthOf(first.vector);
}

/** What is wrong with the parameters: no vector at all, or vectors of different lengths. */
export function parametricProblems(description: JobDescription): Problem[] {
  const vectors = vectorsOf(description);
  const problems: Problem[] = [];
  if (description.parametric !== undefined && vectors.length === 0) {
    problems.push({ path: 'parametric', message: 'values, or named values, are needed' });
  }
  const lengths = new Set(vectors.map(({ vector }) => lengthOf(vector)));
  if (lengths.size > 1) {
    const said = vectors.map(({ name, vector }) => `${name ?? 'the unnamed one'} has ${lengthOf(vector)}`).join(', ');
    problems.push({ path: 'parametric', message: `parameters need equally many values: ${said}` });
  }
  return problems;
}

/**
 * The children of a parametric description, index 0 first; none when it is not parametric. Check the number with
 * {@link parametricCount} before. Throws RangeError for vectors that {@link parametricProblems} refuses.
 */
export function expandParametric(description: JobDescription): Expansion[] {
  const count = parametricCount(description);
  if (count === null) return [];
  const [problem] = parametricProblems(description);
  if (problem !== undefined) throw new RangeError(problem.message);
  const vectors = vectorsOf(description).map(({ name, vector }) => ({ name, values: valuesOf(vector) }));
  return Array.from({ length: count }, (_, index) => {
    const expansion: Expansion = { index, count, named: {} };
    for (const { name, values } of vectors) {
      const value = values[index] ?? '';
      if (name === undefined) expansion.value = value;
      else expansion.named[name] = value;
    }
    return expansion;
  });
}

/**
 * The description of one job: `%s`, `%(A)s` and `%n` filled from the expansion, `%j` with the job id, in every text.
 * What has no value stays as it is. A list value takes the place of a list item that is nothing but its parameter.
 */
export function substitute(
  description: JobDescription,
  expansion: Expansion | null,
  jobId: number | null,
): JobDescription {
  const { parametric: _, ...plain } = description;
  const filled = Object.entries(plain).map(([key, value]) => [key, fill(value, { expansion, jobId })] as const);
  return Object.fromEntries(filled) as JobDescription;
}

interface Filling {
  expansion: Expansion | null;
  jobId: number | null;
}

const placeholder = /%(?:([snj])|\((\w+)\)s)/g;
const onlyPlaceholder = /^%(?:([snj])|\((\w+)\)s)$/;

function fill(value: unknown, filling: Filling): unknown {
  if (typeof value === 'string') return fillText(value, filling);
  if (Array.isArray(value)) return value.flatMap((item) => fillItem(String(item), filling));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, text]) => [key, fill(text, filling)]));
}

function fillItem(item: string, filling: Filling): Value {
  const [, letter, name] = onlyPlaceholder.exec(item) ?? [];
  const value = valueFor(letter, name, filling);
  return Array.isArray(value) ? value : fillText(item, filling);
}

function fillText(text: string, filling: Filling): string {
  if (!text.includes('%')) return text;
  return text.replace(placeholder, (found, letter: string | undefined, name: string | undefined) => {
    const value = valueFor(letter, name, filling);
    if (value === undefined) return found;
    return Array.isArray(value) ? value.join(',') : value;
  });
}

function valueFor(letter: string | undefined, name: string | undefined, filling: Filling): Value | undefined {
  const { expansion, jobId } = filling;
  if (letter === 'j') return jobId === null ? undefined : String(jobId);
  if (expansion === null) return undefined;
  if (letter === 's') return expansion.value;
  if (letter === 'n') return String(expansion.index).padStart(String(expansion.count - 1).length, '0');
  return name !== undefined && Object.hasOwn(expansion.named, name) ? expansion.named[name] : undefined;
}

function vectorsOf({ parametric }: JobDescription): { name: string | undefined; vector: Vector }[] {
  const named = Object.entries(parametric?.named ?? {}).map(([name, vector]) => ({ name, vector }));
  return parametric?.values === undefined ? named : [{ name: undefined, vector: parametric.values }, ...named];
}

function lengthOf(vector: Vector): number {
  return Array.isArray(vector) ? vector.length : vector.count;
}

function valuesOf(vector: Vector): Value[] {
  if (Array.isArray(vector)) return vector.map((value) => (typeof value === 'number' ? String(value) : value));
  const values: Value[] = [];
  for (let value = vector.start; values.length < vector.count; value = value * vector.factor + vector.step) {
    values.push(String(value));
  }
  return values;
}
