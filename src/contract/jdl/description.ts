import { checkDescription, type CheckedDescription } from '../description-form.js';
import type { Problem } from '../errors.js';
import { findJdlAttribute, jdlAttributes, jdlNameOf } from './attributes.js';
import { parseJdl } from './parser.js';
import { plainText, type DraftDescription } from './reading.js';
import type { JdlAttribute, JdlRecord } from './values.js';

/**
 * Maps the attributes of a JDL to the keys of a JSON description. Attributes that Pilotage does not know are kept in
 * `extra`. Problems are those of single values; {@link checkDescription} judges the whole.
 */
export function jdlToDescription(record: JdlRecord): { input: DraftDescription; problems: Problem[] } {
  const draft: DraftDescription = {};
  const problems: Problem[] = [];
  const extra: Record<string, string> = {};
  for (const attribute of inReadingOrder(record)) {
    const meaning = findJdlAttribute(attribute.name);
    if (meaning === undefined) extra[attribute.name] = plainText(attribute.value);
    else meaning.read({ attribute, record, draft, problems });
  }
  if (Object.keys(extra).length > 0) draft.extra = extra;
  if ((draft.min_processors ?? 1) > 1 && draft.tags !== undefined) {
    draft.tags = draft.tags.filter((tag) => tag.toLowerCase() !== 'multiprocessor');
  }
  return { input: draft, problems };
}

/** Tags come last: a number that is given beside them wins. */
function inReadingOrder(record: JdlRecord): JdlAttribute[] {
  const tags = jdlAttributes.find(({ key }) => key === 'tags');
  const last = (attribute: JdlAttribute): number => (findJdlAttribute(attribute.name) === tags ? 1 : 0);
  return [...record].toSorted((a, b) => last(a) - last(b));
}

/**
 * Reads one job description in JDL: syntax, attributes and form. Throws {@link JdlSyntaxError} when it cannot be
 * parsed; otherwise reports every problem at once, under the JDL names.
 */
export function readJdl(text: string): CheckedDescription {
  const { description, problems } = checkJdl(parseJdl(text).record);
  return { description, problems };
}

/** Like {@link readJdl} for a record that is parsed already; also gives the keys that were set, without defaults. */
export function checkJdl(record: JdlRecord): CheckedDescription & { input: DraftDescription } {
  const { input, problems } = jdlToDescription(record);
  const checked = checkDescription(input, jdlNameOf);
  const named = new Set(problems.map(({ path }) => findJdlAttribute(path)));
  const further = checked.problems.filter(({ path }) => !named.has(findJdlAttribute(path.replace(/[[.].*/, ''))));
  const all = [...problems, ...further];
  return { input, description: all.length === 0 ? checked.description : null, problems: all };
}
