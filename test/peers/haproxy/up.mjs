import { canInstall, installPackages } from '../../../scripts/services/install.mjs';
import { findProgram } from '../../../scripts/services/programs.mjs';
import { startServices } from '../../../scripts/services/index.mjs';

/** HAProxy on this machine, and MariaDB and Redis for the servers behind it; the test starts HAProxy itself. */
export async function up({ dataDir, log }) {
  if (!findProgram('haproxy')) {
    if (!canInstall()) return { skipped: 'HAProxy is not installed, and only root on Debian or Ubuntu can install it' };
    const problem = await installPackages(['haproxy'], log).then(
      () => undefined,
      (error) => error,
    );
    if (problem) return { skipped: `HAProxy could not be installed: ${problem.message}` };
  }
  const services = await startServices({ dataDir, log });
  const env = {
    PILOTAGE_HAPROXY: findProgram('haproxy'),
    PILOTAGE_TEST_DATABASE_URL: services.databaseUrl,
    PILOTAGE_TEST_REDIS_URL: services.redisUrl,
  };
  return { env, stop: () => services.stop() };
}
