import type { SearchSpec } from '../../contract/index.js';
import type { Condition, OrderedIndexes, Searchable } from './searchable.js';

/** Rows that all parts together may read; beyond it sorting is no worse. */
const mostRead = 20_000;

/**
 * The keys of a page in the order of the key, read from an index that has them in this order, so that nothing is sorted
 * and only as many entries are read as the page needs: where the index is split by a column (as jobs of an owner by
 * their state), each part gives its first rows, and the first of those are the page. Null when no index does that for
 * this search; then the database chooses.
 */
export function orderedKeys(
  table: Searchable,
  specs: readonly SearchSpec[],
  page: { where: Condition; direction: 'ASC' | 'DESC'; limit: number; offset: number },
): Condition | null {
  const { ordered } = table;
  const key = table.columns.get(table.key)?.sql ?? '';
  const first = page.offset + page.limit;
  if (ordered === undefined || first > mostRead) return null;
  const chosen = choose(ordered, table, specs);
  if (chosen === null) return null;
  const split = table.columns.get(ordered.split.column)?.sql ?? '';
  const parts = (chosen.split ? valuesOf(ordered, specs) : [null]).map((value) => ({
    sql: `(SELECT ${key} AS page_key FROM ${table.from} FORCE INDEX (${chosen.name}) WHERE ${page.where.sql}
      ${value === null ? '' : `AND ${split} = ?`} ORDER BY ${key} ${page.direction} LIMIT ?)`,
    values: [...page.where.values, ...(value === null ? [] : [value]), first],
  }));
  return {
    sql: `SELECT page_key FROM (${parts.map(({ sql }) => sql).join(' UNION ALL ')}) AS parts
      ORDER BY page_key ${page.direction} LIMIT ? OFFSET ?`,
    values: [...parts.flatMap(({ values }) => values), page.limit, page.offset],
  };
}

function choose(
  { indexes, split, leading }: OrderedIndexes,
  { key, pseudo }: Searchable,
  specs: readonly SearchSpec[],
): OrderedIndexes['indexes'][number] | null {
  // Whoever names the keys needs no other index; a bound on the key fits every one of them.
  const namesKeys = ({ parameter, operator }: SearchSpec): boolean =>
    parameter === pseudo.name || (parameter === key && (operator === 'eq' || operator === 'in'));
  if (specs.some(namesKeys)) return null;
  const equal = new Set(specs.filter(({ operator }) => operator === 'eq').map(({ parameter }) => parameter));
  const splits = specs.some(({ parameter, operator }) => parameter === split.column && isListed(operator));
  const onlyBounds = specs.every(({ parameter }) => parameter === key || leading.includes(parameter));
  return indexes.find(({ column }) => (column === null ? splits || onlyBounds : equal.has(column))) ?? null;
}

const isListed = (operator: SearchSpec['operator']): boolean => operator === 'eq' || operator === 'in';

/** The parts that can hold rows. The conditions stand in every part, so a part too many is only read in vain. */
function valuesOf({ split }: OrderedIndexes, specs: readonly SearchSpec[]): readonly string[] {
  for (const spec of specs) {
    if (spec.parameter !== split.column || !isListed(spec.operator)) continue;
    const wanted = 'values' in spec ? spec.values : [spec.value];
    const lower = new Set(wanted.map((value) => String(value).toLowerCase()));
    const known = split.values.filter((value) => lower.has(value.toLowerCase()));
    // What is spelled otherwise may still be equal to the database.
    if (known.length === lower.size && known.length > 0) return known;
  }
  return split.values;
}
