import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import { connect as connectTls, createSecureContext } from 'node:tls';
import { Connection, requestOf } from '../load/connection.mjs';

const connectingAtOnce = 100;

/**
 * Pilots that wait. Its order: `{ url, ca, tokens, poll }`. Each pilot claims one job and, answered without one, asks again; with a
 * job it asks no more. It says `{ open }` when all have asked, `{ jobs: [[id, milliseconds since 1970]] }` for those that arrived,
 * and `{ failure }` for what went wrong; the message `stop` ends it.
 */
process.once('message', async ({ url, ca, tokens, poll }) => {
  const open = opener(url, ca);
  let stopped = false;
  process.on('message', () => {
    stopped = true;
    process.exit(0);
  });
  const arrived = [];
  setInterval(() => {
    if (arrived.length > 0) process.send({ jobs: arrived.splice(0) });
  }, 50);
  let next = 0;
  const begin = async () => {
    while (next < tokens.length) {
      const index = next++;
      const connection = await open();
      wait(connection, index).catch((error) => !stopped && process.send({ failure: error.message }));
    }
  };
  const wait = async (connection, index) => {
    // As nodes differ: twenty kinds of places, all of which fit the jobs of this benchmark.
    const memory = 16_000 + 100 * (index % 20);
    const offer = { processors: 1, memory, cpu_work_left: 8_000_000 - index, wall_left: 800_000 - index, idle: true };
    // Pilots do not all ask at the same time.
    let seconds = Math.ceil(poll * ((index % 100) + 1)) / 100;
    while (!stopped) {
      const body = { claim_id: randomUUID(), offer, max_jobs: 1, wait: seconds };
      const request = requestOf({ method: 'POST', path: '/api/pilots/self/claim', token: tokens[index], body });
      const { status, body: reply } = await connection.send(request);
      if (status !== 200) throw new Error(`claim: ${status} ${reply}`);
      const { jobs } = JSON.parse(reply);
      for (const { job_id } of jobs) arrived.push([job_id, performance.timeOrigin + performance.now()]);
      if (jobs.length > 0) return;
      seconds = poll;
    }
  };
  try {
    await Promise.all(Array.from({ length: connectingAtOnce }, begin));
    process.send({ open: tokens.length });
  } catch (error) {
    process.send({ failure: error.message });
  }
});

/** Opens connections one like the other; for HTTPS they share what they know of authorities. */
function opener(url, ca) {
  const { hostname: servername, port } = new URL(url);
  const secureContext = ca === null ? null : createSecureContext({ ca: readFileSync(ca) });
  return () =>
    new Promise((resolve, reject) => {
      const to = { host: '127.0.0.1', port };
      const socket = ca === null ? connectPlain(to) : connectTls({ ...to, servername, secureContext });
      socket.once('error', reject);
      socket.once(ca === null ? 'connect' : 'secureConnect', () => {
        socket.off('error', reject);
        resolve(new Connection(socket));
      });
    });
}
