import { expect } from '@jest/globals';
import { Configurations } from '../../src/configuration/index.js';
import type { ClaimedAttempt } from '../../src/wms/matching/earlier-claims.sql.js';
import { aConfigurationDocument, anyDriver, type Overrides } from './configuration.js';
import { holderOf, type Matcher, type MatchingTest } from './matching.js';

/** Room for many jobs. */
export const big = { processors: 64, memory: 256_000 };

/** Limits at the site where pilots of tests run. */
export const atSite = (...running_limits: object[]): Overrides => ({ sites: { 'Demo.Local': { running_limits } } });

/** Applies another configuration and waits until this process follows it. */
export async function reconfigure({ database, configuration }: MatchingTest, overrides: Overrides): Promise<void> {
  const configurations = new Configurations(database, { wake: () => undefined }, anyDriver);
  await configurations.apply(JSON.stringify(aConfigurationDocument(overrides)), 'test');
  await configuration.refresh();
}

/** The attempt's wrapper says that all went well. */
export function end(server: Matcher, attempt: ClaimedAttempt): Promise<void> {
  const done = { outcome: 'done', minor_status: 'Execution Complete', parameters: {} } as const;
  return server.ends.take(holderOf(attempt), done);
}

/** Claims whatever a large pilot can get. */
export function claimAll(server: Matcher, stamp: string): Promise<ClaimedAttempt[]> {
  return server.claim(stamp, { maxJobs: 64, offer: big });
}

/** How many rows a table (and condition) has. */
export async function count({ database }: MatchingTest, from: string): Promise<number> {
  const [row] = await database.query<{ number: number }>(`SELECT COUNT(*) AS number FROM ${from}`);
  return Number(row?.number);
}

/** Each number of a limit exists once, and who has the use of one has a lease that says so. */
export async function expectWholeSlots({ database }: MatchingTest): Promise<void> {
  const slots = 'SELECT limit_id, number FROM limit_slots UNION ALL SELECT limit_id, number FROM limit_uses';
  const wrong = await database.query(
    `SELECT limit_id, number FROM (${slots}) slots GROUP BY limit_id, number HAVING COUNT(*) <> 1
     UNION ALL SELECT u.limit_id, u.number FROM limit_uses u
       LEFT JOIN leases l ON l.job_id = u.job_id AND l.attempt = u.attempt WHERE l.job_id IS NULL OR l.limited = 0
     UNION ALL SELECT k.limit_id, k.slots FROM limit_keys k WHERE k.slots <>
       (SELECT COUNT(*) FROM limit_slots s WHERE s.limit_id = k.limit_id AND s.number <= k.slots) +
       (SELECT COUNT(*) FROM limit_uses u WHERE u.limit_id = k.limit_id AND u.number <= k.slots)`,
  );
  expect(wrong).toEqual([]);
}
