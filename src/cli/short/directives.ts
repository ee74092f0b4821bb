import { findJdlAttribute, JdlRecord, parseJdl, type JdlAttribute } from '../../contract/index.js';

/** The `#JDL Key = Value` lines of a script, as one record; a later line wins over an earlier one. */
export function directivesOf(script: string): JdlRecord {
  const lines = script.split('\n').flatMap((line) => /^#JDL\s+(.*)$/.exec(line.trimEnd())?.[1] ?? []);
  return overlay(lines.map((line) => parseJdl(line).record));
}

/** Records laid over each other: a later one wins, attribute by attribute, also under another of its names. */
export function overlay(records: readonly JdlRecord[]): JdlRecord {
  const last = new Map<string, JdlAttribute>();
  for (const attribute of records.flatMap((record) => [...record])) last.set(keyOf(attribute.name), attribute);
  return new JdlRecord(last.values());
}

function keyOf(name: string): string {
  const meaning = name.includes('.') ? undefined : findJdlAttribute(name);
  return (meaning?.name ?? name).toLowerCase();
}

/** A record of texts, as options give them. */
export function recordOf(texts: Readonly<Record<string, string | undefined>>): JdlRecord {
  const at = { line: 1, column: 1 };
  const given = Object.entries(texts).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return new JdlRecord(given.map(([name, text]) => ({ name, value: { kind: 'string', text }, at })));
}
