import { openConnection, requestOf } from './connection.mjs';

/**
 * The load generator. Its order: `{ path, url, ca, connections, seconds, data }`. The module of the path gives, for its
 * data, a `load`: `next(connection)` is the next request of a connection with its number of units and what to remember;
 * `accept(reply, memory)` looks at a reply and throws when it is wrong; `summary()` is what the verification needs.
 * What is sent after the warm-up and answered before the end counts.
 */
process.once('message', async (order) => {
  process.send(await generate(order), () => process.disconnect());
});

async function generate({ path, url, ca, connections, seconds, data }) {
  const { loadOf } = await import(`../paths/${path}.mjs`);
  const load = loadOf(data);
  const open = await Promise.all(Array.from({ length: connections }, () => openConnection(url, ca)));
  const start = performance.now();
  const from = start + seconds * 200;
  const until = from + seconds * 1_000;
  const tally = { from, until, latencies: [], units: 0, unitsInAll: 0, failures: 0, firstFailure: null };
  const cpu = process.cpuUsage();
  await Promise.all(open.map((connection, index) => drive(connection, index, load, tally)));
  const { user, system } = process.cpuUsage(cpu);
  for (const connection of open) connection.close();
  const { latencies, units, unitsInAll, failures, firstFailure } = tally;
  latencies.sort((a, b) => a - b);
  return {
    perSecond: units / seconds,
    p50Ms: latencies[Math.floor(latencies.length * 0.5)] ?? 0,
    p99Ms: latencies[Math.floor(latencies.length * 0.99)] ?? 0,
    requests: latencies.length,
    unitsInAll,
    failures,
    firstFailure,
    cpuSeconds: (user + system) / 1e6,
    summary: load.summary(),
  };
}

async function drive(connection, index, load, tally) {
  for (;;) {
    const sent = performance.now();
    if (sent >= tally.until) return;
    const { units, memory, ...request } = load.next(index);
    try {
      const reply = await connection.send(requestOf(request));
      const answered = performance.now();
      load.accept(reply, memory);
      tally.unitsInAll += units;
      if (sent >= tally.from && answered <= tally.until) {
        tally.latencies.push(answered - sent);
        tally.units += units;
      }
    } catch (error) {
      tally.failures += 1;
      tally.firstFailure ??= error.message;
      if (tally.failures > 1_000) return;
    }
  }
}
