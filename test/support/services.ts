/** Addresses of the real MariaDB and Redis that the tests use; `npm test` starts them. */
export function testServices(): { databaseUrl: string; redisUrl: string } {
  const { PILOTAGE_TEST_DATABASE_URL: databaseUrl, PILOTAGE_TEST_REDIS_URL: redisUrl } = process.env;
  if (databaseUrl === undefined || redisUrl === undefined) {
    throw new Error('PILOTAGE_TEST_DATABASE_URL and PILOTAGE_TEST_REDIS_URL are not set: run the tests by npm test');
  }
  return { databaseUrl, redisUrl };
}
