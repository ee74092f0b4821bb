import { describe, expect, it } from '@jest/globals';
import { Leases } from '../../../src/wms/execution/leases.js';
import { testConfig } from '../../support/config.js';
import { startMatching } from '../../support/matching.js';

describe('expiry of leases', () => {
  it('ends no lease while the database has been up for less than a lease and a margin', async () => {
    const patient = await startMatching();
    const settings = testConfig({ leaseSeconds: 1e8 });
    try {
      await patient.submit();
      const [attempt] = await patient.server().claim(await patient.pilot());
      await patient.database.execute('UPDATE leases SET expires_at = NOW(6) - INTERVAL 1 HOUR');
      const server = patient.server();
      expect(await new Leases(patient.database, patient.jobs, server.ends, settings).expire(10)).toBe(0);
      expect(await patient.job(attempt?.job_id ?? 0)).toMatchObject({ status: 'Matched' });
      expect(await server.leases.expire(10)).toBe(1);
    } finally {
      await patient.close();
    }
  });
});

describe('pilots that stay silent', () => {
  it('are given up when they hold nothing and were silent for longer than a lease, never before', async () => {
    const matching = await startMatching();
    try {
      const server = matching.server();
      const [silent, holding, lively] = [await matching.pilot(), await matching.pilot(), await matching.pilot()];
      await matching.submit();
      await server.claim(holding);
      await matching.database.execute(
        "UPDATE pilots SET status = 'Running', last_contact = IF(stamp = ?, NOW(6), NOW(6) - INTERVAL 1 HOUR)",
        [lively],
      );
      expect(await server.leases.abandoned(10)).toEqual([silent]);
      const patient = new Leases(matching.database, matching.jobs, server.ends, testConfig({ leaseSeconds: 1e8 }));
      expect(await patient.abandoned(10)).toEqual([]);
    } finally {
      await matching.close();
    }
  });
});
