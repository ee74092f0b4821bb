export { type Cell, type CellColumn, cellColumns, type CountChange, grainFor, grains, moveBetween } from './cells.js';
export { JobCounts } from './job-counts.js';
export { ownersOf } from './owners-of.sql.js';
export { countOut, writeDeltas } from './write-deltas.sql.js';
