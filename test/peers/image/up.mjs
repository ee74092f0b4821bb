import { startServices } from '../../../scripts/services/index.mjs';

/** The Dockerfile's steps need npm's registry and root, who lets go of being root where the image does. */
export async function up({ dataDir, log }) {
  if (process.getuid?.() !== 0) return { skipped: 'only root can run the steps of the image as its users do' };
  const services = await startServices({ dataDir, log });
  const env = {
    PILOTAGE_TEST_DATABASE_URL: services.databaseUrl,
    PILOTAGE_TEST_REDIS_URL: services.redisUrl,
  };
  return { env, stop: () => services.stop() };
}
