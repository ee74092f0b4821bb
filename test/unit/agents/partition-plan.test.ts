import { describe, expect, it } from '@jest/globals';
import { planPartitions, wantedPartitions } from '../../../src/agents/housekeeping/partition-plan.js';

const now = Date.UTC(2026, 10, 23, 12);
const monthly = { name: 'job_history', period: 'month' as const, keepDays: 60, ofJobs: true };

describe('Time partitions', () => {
  it('are made for the current month and two more, over the end of the year', () => {
    expect(wantedPartitions('month', now)).toEqual([
      { name: 'p202611', end: '2026-12-01' },
      { name: 'p202612', end: '2027-01-01' },
      { name: 'p202701', end: '2027-02-01' },
    ]);
  });

  it('are made for today and two more days', () => {
    expect(wantedPartitions('day', Date.UTC(2026, 10, 30))).toEqual([
      { name: 'p20261130', end: '2026-12-01' },
      { name: 'p20261201', end: '2026-12-02' },
      { name: 'p20261202', end: '2026-12-03' },
    ]);
  });

  it('are only added behind the last one', () => {
    const existing = wantedPartitions('month', Date.UTC(2026, 9, 5));
    expect(planPartitions(monthly, existing, now).create).toEqual([{ name: 'p202701', end: '2027-02-01' }]);
  });

  it('are made for every month that was missed, of which the first takes what is older', () => {
    const existing = wantedPartitions('month', Date.UTC(2026, 5, 5));
    expect(existing.at(-1)?.end).toBe('2026-09-01');
    expect(planPartitions(monthly, existing, now).create.map(({ name }) => name)).toEqual([
      'p202609',
      'p202610',
      'p202611',
      'p202612',
      'p202701',
    ]);
    const daily = { name: 'repeated_requests', period: 'day' as const, keepDays: 2, ofJobs: false };
    const days = planPartitions(daily, [{ name: 'p20250101', end: '2025-01-02' }], now);
    expect(days.create.map(({ name }) => name)).toEqual([
      'p20261121',
      'p20261122',
      'p20261123',
      'p20261124',
      'p20261125',
    ]);
    expect(days.drop).toEqual(['p20250101']);
  });

  it('are dropped when their last moment is older than the retention', () => {
    const existing = [
      { name: 'p202608', end: '2026-09-01' },
      { name: 'p202609', end: '2026-10-01' },
      ...wantedPartitions('month', now),
    ];
    expect(planPartitions(monthly, existing, now)).toEqual({ create: [], drop: ['p202608'] });
  });
});
