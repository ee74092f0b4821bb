import { connect } from 'node:net';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ServerProcess } from './process.mjs';
import { findProgram } from './programs.mjs';

/** The Redis or Valkey server of this machine, or undefined. */
export function findRedis() {
  return findProgram('redis-server', 'valkey-server');
}

/** Options of every Redis of ours: it keeps nothing on disk, and BullMQ asks that nothing is evicted. */
export const redisOptions = ['--save', '', '--appendonly', 'no', '--maxmemory-policy', 'noeviction'];

/** A private Redis on a loopback port. It forgets everything when it stops. */
export async function privateRedis({ program, folder, port }) {
  mkdirSync(folder, { recursive: true });
  const server = new ServerProcess({
    name: 'Redis',
    program,
    args: ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, ...redisOptions],
    logFile: join(folder, 'redis.log'),
    answersAsOurs: async (pid) => (await redisProcessId(port)) === pid,
  });
  await server.start();
  return server;
}

/** The process id that the Redis on this port says it has. */
export function redisProcessId(port) {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: 2_000 });
    let reply = '';
    socket.once('connect', () => socket.write('INFO server\r\nQUIT\r\n'));
    socket.on('data', (chunk) => (reply += chunk));
    socket.once('timeout', () => socket.destroy(new Error('Redis does not answer')));
    socket.once('error', reject);
    socket.once('close', () => resolve(Number(/^process_id:(\d+)/m.exec(reply)?.[1])));
  });
}
