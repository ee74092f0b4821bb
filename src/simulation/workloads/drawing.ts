import { integerBelow, shuffled } from './random.js';

const largestSteps = 50_000;

/**
 * Draws `count` of the pool so that their jobs come as close to `jobs` as exchanges of two drawn at random bring them.
 * Splits the pool into what is drawn and the rest.
 */
export function drawPart<Item extends { jobs: number }>(
  pool: readonly Item[],
  { count, jobs }: { count: number; jobs: number },
  random: () => number,
): { drawn: Item[]; rest: Item[] } {
  const mixed = shuffled(pool, random);
  const drawn = mixed.slice(0, count);
  const rest = mixed.slice(count);
  let missing = jobs - drawn.reduce((sum, item) => sum + item.jobs, 0);
  for (let step = 0; step < largestSteps && missing !== 0 && rest.length > 0 && drawn.length > 0; step += 1) {
    const out = integerBelow(drawn.length, random);
    const into = integerBelow(rest.length, random);
    const [leaves, comes] = [drawn[out], rest[into]];
    if (leaves === undefined || comes === undefined) continue;
    const left = missing - (comes.jobs - leaves.jobs);
    if (Math.abs(left) >= Math.abs(missing)) continue;
    drawn[out] = comes;
    rest[into] = leaves;
    missing = left;
  }
  return { drawn, rest };
}
