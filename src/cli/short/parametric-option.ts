import { InvalidArgumentError } from 'commander';

const most = 100_000;

/**
 * The values of `--Parametric=a,b,1:10:2`: words, and sequences `start:stop[:step[:factor]]`. A sequence goes on with
 * value × factor + step, as far as `stop` and including it.
 */
export function parseParametric(text: string): string[] {
  const values = text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '')
    .flatMap(sequence);
  if (values.length === 0) throw new InvalidArgumentError('At least one value is needed.');
  return values;
}

function sequence(word: string): string[] {
  const parts = word.split(':');
  const numbers = parts.map((part) => (/^[+-]?\d+(?:\.\d+)?$/.test(part) ? Number(part) : Number.NaN));
  if (parts.length < 2 || parts.length > 4 || numbers.some(Number.isNaN)) return [word];
  const [start = 0, stop = 0, step = start <= stop ? 1 : -1, factor = 1] = numbers;
  const rises = start <= stop;
  const values: string[] = [];
  for (let value = start; rises ? value <= stop : value >= stop;) {
    values.push(String(value));
    const next = value * factor + step;
    const onward = rises ? next > value : next < value;
    if (start !== stop && (!onward || values.length > most))
      throw new InvalidArgumentError(`The sequence ${word} does not come to its end.`);
    value = next;
    if (start === stop) break;
  }
  return values;
}
