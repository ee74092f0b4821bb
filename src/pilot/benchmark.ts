import { createHash } from 'node:crypto';
import { lstatSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadKernel } from './benchmark-kernel.js';

/** Changes whenever kernel or calibration change: scores of different versions are not compared. */
export const benchmarkVersion = 'wasm-1';

/**
 * Millions of kernel rounds per CPU second that make one unit. The unit is meant to be DB12's. The calibration was one
 * comparison on one machine (AMD EPYC, November 2026): the kernel did 113 million rounds per CPU second, and DB12's loop
 * under Python 3.11 scored 44.6. DB12's scale is that of Python 2.7, about half as fast at this loop; so 113 stands for
 * 22. Expect 10–25 on a modern core, and a tenth of error against DB12 on processors of another kind.
 */
const megaroundsPerUnit = 113 / 22;

const roundsPerSample = 4_000_000;
const longestSeconds = 1.5;

/** The score per core: the best of several samples, so that a busy neighbour does not spoil it. Takes less than 2 s. */
export function measure(): number {
  const run = loadKernel();
  const started = performance.now();
  let best = 0;
  // The first sample warms up: the engine may still be compiling.
  for (let sample = 0; sample < 9 && (performance.now() - started) / 1000 < longestSeconds; sample += 1) {
    const before = process.cpuUsage();
    run(roundsPerSample);
    const { user, system } = process.cpuUsage(before);
    if (sample > 0 || best === 0) best = Math.max(best, roundsPerSample / Math.max(1, user + system));
  }
  return Math.round((best / megaroundsPerUnit) * 10) / 10;
}

/** Scores are kept for a day: hosts are patched and overcommitted anew. */
const freshSeconds = 24 * 3600;

/** The score of this host: from the cache that its pilots share when it is fresh, else measured now. */
export function hostScore(host: { hostname: string; cpuModel: string }, folder = tmpdir()): number {
  const key = createHash('sha256').update(`${host.hostname}\0${host.cpuModel}\0${benchmarkVersion}`).digest('hex');
  const file = join(folder, `pilotage-benchmark-${process.getuid?.() ?? 0}-${key.slice(0, 16)}`);
  const known = cached(file);
  if (known !== undefined) return known;
  const score = measure();
  try {
    writeFileSync(`${file}.${process.pid}`, `${score}\n`, { mode: 0o600, flag: 'wx' });
    renameSync(`${file}.${process.pid}`, file);
  } catch {
    // A host without room for the cache is measured every time.
  }
  return score;
}

/** The cached score; only from a file of our own user, because others could write any number into a shared folder. */
function cached(file: string): number | undefined {
  try {
    const { uid, mtimeMs } = lstatSync(file);
    if (uid !== process.getuid?.() || Date.now() - mtimeMs > freshSeconds * 1000) return undefined;
    const score = Number(readFileSync(file, 'utf8'));
    return Number.isFinite(score) && score > 0 ? score : undefined;
  } catch {
    return undefined;
  }
}
