import { existsSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ServerProcess } from './process.mjs';
import { findProgram, mustRun } from './programs.mjs';

// Smaller than MariaDB's default of 96 MB: every private instance writes the whole file at start.
const smallest = { bufferPool: '128M', logFile: '64M' };

/** The programs that a private MariaDB needs, or undefined if the machine lacks one of them. */
export function findMariadb() {
  const server = findProgram('mariadbd');
  const install = findProgram('mariadb-install-db');
  return server && install ? { server, install } : undefined;
}

/**
 * A private MariaDB in `folder` on a loopback port, root without a password. Existing data are kept.
 * Not durable means: a crash of the machine may lose the last second, which tests do not mind.
 */
export async function privateMariadb({ programs, folder, port, durable, size }) {
  mkdirSync(folder, { recursive: true });
  const data = join(realpathSync(folder), 'data');
  // Its own: a MariaDB that starts removes all temporary tables of the folder, those of its neighbours too.
  const temporary = join(realpathSync(folder), 'tmp');
  mkdirSync(temporary, { recursive: true });
  await initialise(programs.install, data, folder);
  const server = new ServerProcess({
    name: 'MariaDB',
    program: programs.server,
    args: [
      ...commonOptions(data, tuning(durable, size)),
      `--port=${port}`,
      `--pid-file=${join(data, 'mariadbd.pid')}`,
      `--tmpdir=${temporary}`,
    ],
    logFile: join(folder, 'mariadb.log'),
    answersAsOurs: async (pid) => {
      const pidFile = await askMariadb(port, 'SELECT @@pid_file AS answer');
      return pidFile === join(data, 'mariadbd.pid') && Number(readFileSync(pidFile, 'utf8')) === pid;
    },
  });
  await server.start();
  return server;
}

/** The options that every MariaDB of ours gets, in a container too. */
export function tuning(durable, { bufferPool, logFile } = smallest) {
  return [
    '--skip-log-bin',
    '--skip-name-resolve',
    '--character-set-server=utf8mb4',
    '--max-connections=300',
    `--innodb-buffer-pool-size=${bufferPool}`,
    `--innodb-log-file-size=${logFile}`,
    ...(durable ? [] : ['--innodb-flush-log-at-trx-commit=0', '--innodb-doublewrite=0']),
  ];
}

/** The single value that a statement answers. */
export async function askMariadb(port, sql) {
  // Loaded here and not above: this file is read before `npm install` has run.
  const { createConnection } = await import('mysql2/promise');
  const connection = await createConnection({ host: '127.0.0.1', port, user: 'root', connectTimeout: 5_000 });
  try {
    const [rows] = await connection.query(sql);
    return rows[0]?.answer;
  } finally {
    await connection.end();
  }
}

// `--no-defaults` has to stand first, else the machine's own /etc/mysql is read. No socket: its path is limited to
// 107 characters, and nothing of ours needs it.
function commonOptions(data, tuned) {
  return ['--no-defaults', ...asRoot(), `--datadir=${data}`, '--socket=', '--bind-address=127.0.0.1', ...tuned];
}

function asRoot() {
  return process.getuid?.() === 0 ? ['--user=root'] : [];
}

// Beside its final place first, so that an interrupted installation is never taken for a finished one.
async function initialise(program, data, folder) {
  if (existsSync(data)) return;
  const fresh = `${data}.new`;
  rmSync(fresh, { recursive: true, force: true });
  await mustRun(program, [
    '--no-defaults',
    ...asRoot(),
    `--datadir=${fresh}`,
    '--auth-root-authentication-method=normal',
    '--skip-test-db',
    // A machine without its own name in /etc/hosts is refused otherwise.
    '--force',
    `--innodb-log-file-size=${smallest.logFile}`,
  ]);
  renameSync(fresh, join(folder, 'data'));
}
