export { Openings } from './openings.js';
export { RecentCounts } from './recent-counts.js';
export { SharedBuckets } from './shared-buckets.js';
export { type Rate, TokenBuckets } from './token-buckets.js';
export { type NoTurn, type TurnLimits, Turns } from './turns.js';
