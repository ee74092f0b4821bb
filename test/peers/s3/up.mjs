import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { canInstall, installPackages } from '../../../scripts/services/install.mjs';
import { freePort } from '../../../scripts/services/ports.mjs';
import { ServerProcess } from '../../../scripts/services/process.mjs';
import { findProgram, mustRun } from '../../../scripts/services/programs.mjs';
import { cephConfiguration } from './ceph-configuration.mjs';

const programs = ['ceph', 'ceph-mon', 'ceph-osd', 'monmaptool', 'radosgw', 'radosgw-admin'];
const packages = ['ceph-mon', 'ceph-osd', 'radosgw'];
const accessKey = 'PILOTAGEPEER';
const secretKey = randomUUID();

/**
 * Starts Ceph's S3 gateway: one monitor, one object store in memory, one gateway, all on loopback. It checks
 * signatures, expiry and upload policies, which the light S3 servers do not.
 */
export async function up({ dataDir, log }) {
  if (!programs.every((name) => findProgram(name))) {
    if (!canInstall()) return { skipped: 'Ceph is not installed, and only root on Debian or Ubuntu can install it' };
    const problem = await installPackages(packages, log).then(
      () => undefined,
      (error) => error,
    );
    if (problem) return { skipped: `Ceph could not be installed: ${problem.message}` };
  }
  const started = [];
  const stop = async () => {
    for (const server of started.toReversed()) await server.stop();
  };
  try {
    const endpoint = await startCeph(dataDir, started);
    log(`Ceph's gateway answers at ${endpoint}`);
    return { env: environment(endpoint), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function environment(endpoint) {
  return {
    PILOTAGE_S3_ENDPOINT: endpoint,
    PILOTAGE_S3_ACCESS_KEY: accessKey,
    PILOTAGE_S3_SECRET_KEY: secretKey,
    PILOTAGE_S3_REGION: 'us-east-1',
  };
}

async function startCeph(folder, started) {
  const cluster = { folder, id: randomUUID(), monitorPort: await freePort(), gatewayPort: await freePort() };
  const file = join(folder, 'ceph.conf');
  for (const name of ['mon', 'osd', 'rgw', 'run', 'log']) mkdirSync(join(folder, name));
  writeFileSync(file, cephConfiguration(cluster));
  const call = (name, ...args) => mustRun(findProgram(name), ['-c', file, ...args], { cwd: folder });
  const daemon = async (name, args, answersAsOurs) => {
    const logFile = join(folder, 'log', `${name}.out`);
    const program = findProgram(name);
    const server = new ServerProcess({ name, program, args: ['-f', '-c', file, ...args], logFile, answersAsOurs });
    started.push(server);
    await server.start();
  };

  const map = join(folder, 'monmap');
  const address = `[v1:127.0.0.1:${cluster.monitorPort}]`;
  await call('monmaptool', '--create', '--clobber', '--addv', 'a', address, '--fsid', cluster.id, map);
  await call('ceph-mon', '--mkfs', '-i', 'a', '--monmap', map);
  const clusterIs = async () => (await call('ceph', '--connect-timeout', '5', 'fsid')).endsWith(cluster.id);
  await daemon('ceph-mon', ['-i', 'a'], clusterIs);

  const store = randomUUID();
  const number = (await call('ceph', 'osd', 'new', store)).split('\n').at(-1);
  await call('ceph', 'osd', 'crush', 'add', `osd.${number}`, '1', 'root=default', 'host=localhost');
  await call('ceph-osd', '-i', number, '--mkfs', '--osd-uuid', store);
  await daemon('ceph-osd', ['-i', number], async () => /\b1 up\b/.test(await call('ceph', 'osd', 'stat')));

  const endpoint = `http://127.0.0.1:${cluster.gatewayPort}`;
  await daemon('radosgw', ['-n', 'client.rgw'], async () => (await fetch(endpoint)).ok);
  const keys = [`--access-key=${accessKey}`, `--secret-key=${secretKey}`];
  await call(
    'radosgw-admin',
    '-n',
    'client.rgw',
    'user',
    'create',
    '--uid=pilotage',
    '--display-name=Pilotage',
    ...keys,
  );
  return endpoint;
}
