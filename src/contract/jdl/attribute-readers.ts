import type { ParameterVector } from '../job-description.js';
import type { z } from 'zod';
import { itemsOf, numberOf, readInteger, refuse, textOf, type ReadAttribute, type Reading } from './reading.js';
import type { JdlValue } from './values.js';

/** An exact number of processors; it overrides the minimum and the maximum. */
export const exactProcessors: ReadAttribute = (reading) =>
  readInteger(reading, (value) => {
    reading.draft.min_processors = value;
    reading.draft.max_processors = value;
  });

/** A minimum or maximum of processors, without effect beside NumberOfProcessors. */
export function processorBound(key: 'min_processors' | 'max_processors'): ReadAttribute {
  return (reading) => {
    if (reading.record.get('NumberOfProcessors') !== undefined) return;
    readInteger(reading, (value) => {
      reading.draft[key] = value;
    });
  };
}

/** MaxRAM was in GB once: no job of today has a limit below 64 MB, so such a number is an old one. */
export const maximumMemory: ReadAttribute = (reading) =>
  readInteger(reading, (value) => {
    if (value < 64) {
      return refuse(reading, `MaxRAM is in MB; it was in GB once: ${value} GB are written ${value * 1000}`);
    }
    reading.draft.max_ram = value;
  });

/** `K=V` items. Everything after the first `=` is the value. */
export const environment: ReadAttribute = (reading) => {
  const { value } = reading.attribute;
  const items = (value.kind === 'list' ? value.items : [value]).map(textOf);
  const found: Record<string, string> = {};
  for (const item of items) {
    const cut = item?.indexOf('=') ?? -1;
    if (item === undefined || cut < 1) return refuse(reading, 'items of the form "NAME=value" are needed');
    found[item.slice(0, cut).trim()] = item.slice(cut + 1);
  }
  reading.draft.environment = found;
};

/**
 * Tags. Those that say a number in words are turned into the number: `4Processors`, `2GB`, `WholeNode`; a number that
 * is given beside them wins. `MultiProcessor` goes without saying where more than one processor is asked for.
 */
export const tags: ReadAttribute = (reading) => {
  const items = itemsOf(reading.attribute.value);
  if (items === undefined) return refuse(reading, 'a list of texts is needed');
  const kept = items.filter((tag) => !readCountingTag(reading, tag));
  reading.draft.tags = [...new Set([...(reading.draft.tags ?? []), ...kept])];
};

function readCountingTag({ draft, record }: Reading, tag: string): boolean {
  const [, digits, unit] = /^(\d{1,6})(GB|Processors)$/i.exec(tag) ?? [];
  if (tag.toLowerCase() === 'wholenode') draft.whole_node ??= true;
  else if (digits === undefined || unit === undefined) return false;
  else if (unit.toUpperCase() === 'GB') draft.min_ram ??= Number(digits) * 1000;
  else if (!['NumberOfProcessors', 'MinNumberOfProcessors'].some((name) => record.get(name) !== undefined)) {
    draft.min_processors = Math.max(draft.min_processors ?? 1, Number(digits));
  }
  return true;
}

type Vector = z.input<typeof ParameterVector>;
const stepNames = { start: 'ParameterStart', step: 'ParameterStep', factor: 'ParameterFactor' } as const;

/** `Parameters` or `Parameters.A`: the values themselves, or their number with start, step and factor. */
export const parameters: ReadAttribute = (reading) => {
  const { attribute, draft } = reading;
  const name = parameterName(attribute.name);
  const vector = attribute.value.kind === 'list' ? listed(attribute.value.items) : counted(reading, name);
  if (vector === undefined) {
    return refuse(reading, 'a list of values, or their number (a whole number from 1), is needed');
  }
  draft.parametric ??= {};
  if (name === undefined) draft.parametric.values = vector;
  else draft.parametric.named = { ...draft.parametric.named, [name]: vector };
};

function parameterName(attribute: string): string | undefined {
  const cut = attribute.indexOf('.');
  return cut === -1 ? undefined : attribute.slice(cut + 1);
}

function listed(items: JdlValue[]): Vector | undefined {
  const values = items.map((item) => (item.kind === 'list' ? itemsOf(item) : textOf(item)));
  if (values.length === 0 || values.includes(undefined)) return undefined;
  return values.filter((value) => value !== undefined);
}

function counted(reading: Reading, name: string | undefined): Vector | undefined {
  const count = numberOf(reading.attribute.value);
  if (count === undefined || !Number.isSafeInteger(count) || count < 1) return undefined;
  const vector: Vector = { count };
  for (const [key, attribute] of Object.entries(stepNames)) {
    const given = reading.record.get(name === undefined ? attribute : `${attribute}.${name}`);
    const value = given === undefined ? undefined : numberOf(given);
    if (value !== undefined) vector[key as keyof typeof stepNames] = value;
  }
  return vector;
}

/** Start, step and factor belong to a number of Parameters of the same name; they are read with it. */
export const parameterStep: ReadAttribute = (reading) => {
  const name = parameterName(reading.attribute.name);
  const vector = name === undefined ? 'Parameters' : `Parameters.${name}`;
  if (numberOf(reading.attribute.value) === undefined) refuse(reading, 'a number is needed');
  if (reading.record.get(vector) === undefined) refuse(reading, `${vector} is missing`);
};
