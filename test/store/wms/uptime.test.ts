import { describe, expect, it } from '@jest/globals';
import { startMatching } from '../../support/matching.js';

describe('expiry of leases', () => {
  it('ends no lease while the database has been up for less than a lease and a margin', async () => {
    const patient = await startMatching({}, { leaseSeconds: 1e8 });
    try {
      await patient.submit();
      const [attempt] = await patient.server().claim(await patient.pilot());
      await patient.database.execute('UPDATE leases SET expires_at = NOW(6) - INTERVAL 1 HOUR');
      expect(await patient.server().leases.expire(10)).toBe(0);
      expect(await patient.job(attempt?.job_id ?? 0)).toMatchObject({ status: 'Matched' });
    } finally {
      await patient.close();
    }
  });
});
