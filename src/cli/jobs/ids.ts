import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { JobId } from '../../contract/index.js';
import { CommandFailure } from '../failure.js';
import type { Io } from '../io.js';

/** The job ids in texts like `12,13 14`, each once, in order. */
export function parseJobIds(texts: readonly string[]): number[] {
  const words = texts.flatMap((text) => text.split(/[\s,;]+/)).filter((word) => word !== '');
  const ids = words.map((word) => {
    const id = /^\d+$/.test(word) ? JobId.safeParse(word) : undefined;
    if (id?.success !== true)
      throw new CommandFailure(`${word} is no job id`, 'job ids are whole numbers from 1, with commas between them');
    return id.data;
  });
  return [...new Set(ids)];
}

/** The ids of the arguments and of an input file together. */
export async function readJobIds(io: Io, texts: readonly string[], file?: string): Promise<number[]> {
  const more =
    file === undefined ? [] : [file === '-' ? await io.input() : await readFile(resolve(io.folder, file), 'utf8')];
  return parseJobIds([...texts, ...more]);
}

/** Like {@link readJobIds}, where at least one is needed. */
export async function someJobIds(io: Io, texts: readonly string[], file?: string): Promise<number[]> {
  const ids = await readJobIds(io, texts, file);
  if (ids.length === 0) throw new CommandFailure('no job is named', 'give job ids, with commas between them');
  return ids;
}

/** Ids in few characters: `7,101-120`. */
export function shortIds(ids: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const id of ids.toSorted((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] + 1 === id) last[1] = id;
    else ranges.push([id, id]);
  }
  return ranges.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)).join(',');
}

/** A list cut into pieces of at most `size`. */
export function* inPieces<T>(list: readonly T[], size: number): Generator<T[]> {
  for (let start = 0; start < list.length; start += size) yield list.slice(start, start + size);
}
