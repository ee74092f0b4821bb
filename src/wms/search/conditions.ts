import { Refusal, type SearchSpec } from '../../contract/index.js';
import { periodOf, type Period } from './periods.js';
import type { Column, ColumnKind, Condition, Searchable } from './searchable.js';

type Value = string | number;

const nothing: Condition = { sql: 'FALSE', values: [] };

/** The condition of a search: all its specifications. `pseudo` says whether pseudo columns may be named. */
export function conditionsOf(table: Searchable, specs: readonly SearchSpec[], pseudo: boolean): Condition[] {
  const { name, column } = table.pseudo;
  const used = new Set(specs.map(({ parameter }) => parameter));
  if (pseudo && used.has(name) && used.has(column)) {
    const message = `Cannot combine '${name}' pseudo-parameter with a real '${column}' filter in the same request.`;
    throw new Refusal('invalid-search', message);
  }
  return specs.map((spec) => {
    if (pseudo && spec.parameter === name) return pseudoCondition(table, spec);
    const known = table.columns.get(spec.parameter);
    if (known === undefined) throw new Refusal('unknown-column', `Unknown column ${spec.parameter}`);
    return conditionOf(known, spec);
  });
}

function pseudoCondition({ pseudo }: Searchable, spec: SearchSpec): Condition {
  const values = spec.operator === 'in' ? spec.values : spec.operator === 'eq' ? [spec.value] : null;
  if (values === null) {
    const message = `Operator '${spec.operator}' is not supported for the '${pseudo.name}' pseudo-parameter; use eq or in.`;
    throw new Refusal('invalid-search', message);
  }
  if (pseudo.kind === 'integer' && values.some((value) => !isInteger(value))) {
    throw new Refusal('invalid-search', `'${pseudo.name}' pseudo-parameter values must be integers.`);
  }
  return values.length === 0 ? nothing : pseudo.condition(values);
}

/** One specification on one column. Pure. */
export function conditionOf(column: Column, spec: SearchSpec): Condition {
  if (column.kind === 'time') return timeCondition(column, spec);
  const { sql } = column;
  switch (spec.operator) {
    case 'in':
      return listCondition(column, spec.values);
    case 'not in':
      return negated(column, listCondition(column, spec.values));
    case 'eq':
      return listCondition(column, [spec.value]);
    case 'neq':
      return negated(column, listCondition(column, [spec.value]));
    case 'gt':
    case 'lt': {
      const value = storedValue(column.kind, spec.value);
      return value === null ? nothing : { sql: `${sql} ${spec.operator === 'gt' ? '>' : '<'} ?`, values: [value] };
    }
    case 'like':
    case 'not like':
      return {
        sql: `${asText(column)} ${spec.operator === 'like' ? 'LIKE' : 'NOT LIKE'} ?`,
        values: [String(spec.value)],
      };
    case 'regex':
      return { sql: `${asText(column)} REGEXP ?`, values: [String(spec.value)] };
  }
}

function listCondition({ sql, kind }: Column, given: readonly Value[]): Condition {
  const values = given.map((value) => storedValue(kind, value)).filter((value) => value !== null);
  return values.length === 0 ? nothing : { sql: `${sql} IN (?)`, values: [values] };
}

/** NULL is neither equal nor unequal to anything. */
function negated({ sql }: Column, condition: Condition): Condition {
  if (condition === nothing) return { sql: `${sql} IS NOT NULL`, values: [] };
  return { sql: `NOT (${condition.sql})`, values: condition.values };
}

function asText({ sql, kind }: Column): string {
  return kind === 'text' || kind === 'flag' ? sql : `CAST(${sql} AS CHAR)`;
}

/** The value as the column holds it; null when the column can never hold it. */
function storedValue(kind: ColumnKind, value: Value): Value | null {
  const text = String(value).trim();
  switch (kind) {
    case 'integer':
      return isInteger(text) ? Number(text) : null;
    case 'number':
      return text !== '' && Number.isFinite(Number(text)) ? Number(text) : null;
    case 'boolean':
      return /^(1|true)$/i.test(text) ? 1 : /^(0|false)$/i.test(text) ? 0 : null;
    case 'flag':
      return /^(1|true)$/i.test(text) ? 'True' : /^(0|false)$/i.test(text) ? 'False' : text;
    default:
      return String(value);
  }
}

function isInteger(value: Value): boolean {
  return /^[+-]?\d{1,16}$/.test(String(value).trim());
}

/** Times are compared with the period that a value names. */
function timeCondition({ sql }: Column, spec: SearchSpec): Condition {
  const inside = ({ start, end }: Period): Condition => ({ sql: `(${sql} >= ? AND ${sql} < ?)`, values: [start, end] });
  const outside = ({ start, end }: Period): Condition => ({ sql: `(${sql} < ? OR ${sql} >= ?)`, values: [start, end] });
  switch (spec.operator) {
    case 'eq':
      return inside(periodOf(spec.value));
    case 'neq':
      return outside(periodOf(spec.value));
    case 'gt':
      return { sql: `${sql} >= ?`, values: [periodOf(spec.value).end] };
    case 'lt':
      return { sql: `${sql} < ?`, values: [periodOf(spec.value).start] };
    case 'in':
      return joined(samePeriods(spec.values).map(inside), ' OR ') ?? nothing;
    case 'not in':
      return joined(samePeriods(spec.values).map(outside), ' AND ') ?? { sql: `${sql} IS NOT NULL`, values: [] };
    default:
      throw new Refusal('invalid-search', `Operator '${spec.operator}' is not supported for partial datetime values`);
  }
}

function samePeriods(values: readonly Value[]): Period[] {
  const periods = values.map(periodOf);
  if (new Set(periods.map(({ resolution }) => resolution)).size > 1) {
    throw new Refusal(
      'invalid-search',
      `Cannot mix different time resolutions in ${JSON.stringify(values).slice(0, 200)}`,
    );
  }
  return periods;
}

/** Conditions put together; undefined when there is none. */
export function joined(conditions: readonly Condition[], by: ' AND ' | ' OR '): Condition | undefined {
  if (conditions.length === 0) return undefined;
  return { sql: `(${conditions.map(({ sql }) => sql).join(by)})`, values: conditions.flatMap(({ values }) => values) };
}
