import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { mustRun } from '../../../scripts/services/programs.mjs';
import { arcConfiguration } from './arc-configuration.mjs';

const programs = '/usr/share/arc';
const patienceMs = 120_000;

/** Starts A-REX with its REST interface, all its files in `folder`; jobs run as the user `nobody`. */
export async function startArc({ folder, port, authority }) {
  for (const name of ['control', 'session', 'log', 'run', 'rte']) mkdirSync(join(folder, name), { recursive: true });
  chmodSync(join(folder, 'session'), 0o1777);
  writeFileSync(join(folder, 'users.list'), `"${authority.known.subject}"\n`);
  const file = join(folder, 'arc.conf');
  writeFileSync(file, arcConfiguration({ folder, port, authority }));
  // Without these A-REX spends a minute of processor time on parameters of its own.
  const parameters = ['-genparam', '-algorithm', 'DH', '-pkeyopt', 'group:ffdhe2048'];
  execFileSync('openssl', ['genpkey', ...parameters, '-out', join(folder, 'control', 'dhparam.pem')], {
    stdio: 'pipe',
  });

  const environment = { ...process.env, ARC_CONFIG: file };
  const options = { cwd: folder, env: environment };
  const stop = () => stopAll(folder);
  try {
    await mustRun(withFreshStates(folder), [], options);
    await mustRun(join(programs, 'arc-arex-ws-start'), [], options);
    const endpoint = `https://localhost:${port}/arex/rest`;
    await answers(endpoint, readFileSync(authority.ca.file));
    return { endpoint, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** States of jobs come through the information provider, every 60 s as packaged; here every 2 s (the unit is 0.1 s). */
function withFreshStates(folder) {
  const before = '<arex:gmconfig>$ARC_RUNTIME_CONFIG</arex:gmconfig>';
  const packaged = readFileSync(join(programs, 'arc-arex-start'), 'utf8');
  if (!packaged.includes(before)) throw new Error('arc-arex-start is not the one that this peer knows');
  const period = '<arex:InfoproviderWakeupPeriod>20</arex:InfoproviderWakeupPeriod>';
  const file = join(folder, 'arc-arex-start');
  writeFileSync(
    file,
    packaged.replace(before, () => `${before}\n${period}`),
    { mode: 0o755 },
  );
  return file;
}

async function answers(endpoint, ca) {
  const end = Date.now() + patienceMs;
  for (;;) {
    const problem = await ask(endpoint, ca);
    if (problem === undefined) return;
    if (Date.now() > end) throw new Error(`ARC does not answer at ${endpoint}: ${problem}`);
    await delay(200);
  }
}

const ask = (endpoint, ca) =>
  new Promise((resolve) => {
    get(endpoint, { ca, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200 ? undefined : `status ${response.statusCode}`);
    }).on('error', (error) => resolve(error.message));
  });

/** A-REX takes about ten seconds to end; it is over when its processes are gone. */
async function stopAll(folder) {
  const pids = ['ws.pid', 'arex.pid']
    .map((name) => join(folder, 'run', name))
    .filter((file) => existsSync(file))
    .map((file) => Number(readFileSync(file, 'utf8')))
    .filter((pid) => pid > 1);
  for (const pid of pids) signal(pid, 'SIGTERM');
  const end = Date.now() + patienceMs;
  while (pids.some((pid) => signal(pid, 0))) {
    if (Date.now() > end) for (const pid of pids) signal(pid, 'SIGKILL');
    await delay(100);
  }
}

function signal(pid, name) {
  try {
    return process.kill(pid, name);
  } catch (error) {
    if (error.code === 'ESRCH') return false;
    throw error;
  }
}
