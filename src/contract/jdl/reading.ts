import type { Problem } from '../errors.js';
import type { JobDescriptionInput } from '../job-description.js';
import { printJdlValue } from './print.js';
import { numberPattern, type JdlAttribute, type JdlRecord, type JdlValue } from './values.js';

/** A description while its attributes are read. */
export type DraftDescription = Partial<JobDescriptionInput>;

/** One attribute of a JDL while it is read, with everything around it. */
export interface Reading {
  attribute: JdlAttribute;
  record: JdlRecord;
  draft: DraftDescription;
  problems: Problem[];
}

/** What reads one attribute into the draft; wrong values become problems. */
export type ReadAttribute = (reading: Reading) => void;

type KeysOf<T> = {
  [K in keyof JobDescriptionInput]-?: T extends JobDescriptionInput[K] ? K : never;
}[keyof JobDescriptionInput];

/** The text of a single value; undefined for lists and records. */
export function textOf(value: JdlValue): string | undefined {
  if (value.kind === 'list' || value.kind === 'record') return undefined;
  return value.kind === 'boolean' ? String(value.value) : value.text;
}

/** The value as plain text, for attributes that are kept without being understood. */
export function plainText(value: JdlValue): string {
  return textOf(value) ?? printJdlValue(value);
}

/** The items of a list, or of a text with commas: trimmed, without blanks. Undefined when an item is no single value. */
export function itemsOf(value: JdlValue): string[] | undefined {
  const texts = value.kind === 'list' ? value.items.map(textOf) : textOf(value)?.split(',');
  if (texts === undefined || texts.includes(undefined)) return undefined;
  return texts.map((text) => (text ?? '').trim()).filter((text) => text !== '');
}

/** The number in a value, quoted or not; undefined when there is none. */
export function numberOf(value: JdlValue): number | undefined {
  const text = textOf(value)?.trim();
  if (text === undefined || !numberPattern.test(text)) return undefined;
  return Number.isFinite(Number(text)) ? Number(text) : undefined;
}

export function refuse(reading: Reading, message: string): void {
  reading.problems.push({ path: reading.attribute.name, message });
}

/** A whole number for `use`; anything else is a problem. */
export function readInteger(reading: Reading, use: (value: number) => void): void {
  const value = numberOf(reading.attribute.value);
  if (value === undefined || !Number.isSafeInteger(value)) refuse(reading, 'a whole number is needed');
  else use(value);
}

/** Reads a text; an empty text counts as not given, unless it `mayBeEmpty`. */
export function text(key: KeysOf<string>, mayBeEmpty = false): ReadAttribute {
  return (reading) => {
    const value = textOf(reading.attribute.value);
    if (value === undefined) return refuse(reading, 'one text is needed, not a list');
    if (mayBeEmpty || value.trim() !== '') reading.draft[key] = value;
  };
}

export function integer(key: KeysOf<number>): ReadAttribute {
  return (reading) =>
    readInteger(reading, (value) => {
      reading.draft[key] = value;
    });
}

/** Reads names. A name in `nothing` says "no condition" and is left out. Several attributes may fill one key. */
export function names(key: KeysOf<string[]>, nothing: readonly string[] = []): ReadAttribute {
  return (reading) => {
    const items = itemsOf(reading.attribute.value);
    if (items === undefined) return refuse(reading, 'a list of texts is needed');
    const kept = items.filter((item) => !nothing.includes(item.toUpperCase()));
    reading.draft[key] = [...new Set([...(reading.draft[key] ?? []), ...kept])];
  };
}

const yes = ['1', 'yes', 'true', 'y'];
const no = ['0', 'no', 'false', 'n'];

export function flag(key: KeysOf<boolean>): ReadAttribute {
  return (reading) => {
    const value = textOf(reading.attribute.value)?.trim().toLowerCase() ?? '';
    if (yes.includes(value)) reading.draft[key] = true;
    else if (no.includes(value)) reading.draft[key] = false;
    else refuse(reading, `one of ${[...yes, ...no].join(', ')} is needed`);
  };
}

/** Owner, group and VO come from the token; old names have no meaning any more. */
export const dropped: ReadAttribute = () => undefined;
