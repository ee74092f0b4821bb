import { openConnection, requestOf } from '../load/connection.mjs';
import { loadOf } from './claims.mjs';

const longest = 600_000;

/**
 * Starts the servers anew and waits until each has given a job, so that its index is whole. Gives the ids of these jobs and
 * the seconds of the slowest server: until it was ready, and from then until its first job.
 */
export async function startWithIndex(world, serverOptions, data, ca) {
  const seconds = { ready: 0, firstJob: 0 };
  const claimed = [];
  const began = performance.now();
  await world.restartServer(serverOptions);
  const ready = performance.now();
  seconds.ready = (ready - began) / 1_000 / world.urls.length;
  for (const url of world.urls) {
    const connection = await openConnection(url, ca);
    claimed.push(...(await firstJob(connection, data, ready + longest)));
    connection.close();
  }
  seconds.firstJob = (performance.now() - ready) / 1_000;
  return { claimed, seconds };
}

async function firstJob(connection, data, until) {
  const load = loadOf({ ...data, batch: 1 });
  while (performance.now() < until) {
    const reply = await connection.send(requestOf(load.next()));
    if (reply.status === 200 && JSON.parse(reply.body).jobs.length > 0) {
      load.accept(reply);
      return load.summary();
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`no job was given in ${longest / 1_000} s`);
}
