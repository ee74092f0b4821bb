import { openConnection, requestOf } from './connection.mjs';
import { driveAtRate } from './open-loop.mjs';

/**
 * The load generator. Its order: `{ module, urls, ca, connections, seconds, data, rate }`. The module, a path below bench/,
 * gives for its data a `load`: `next(connection)` is the next request of a connection with its number of units and what to
 * remember; `accept(reply, memory)` looks at a reply, throws when it is wrong, and may say how many units it was after
 * all (one of none is counted apart); `summary()` is what the verification needs. What is sent after the warm-up and answered before the end counts.
 * Each connection sends its next request when the last one is answered (closed loop); with a `rate`, requests begin at
 * random times, so many a second, whatever became of those before (open loop).
 */
process.once('message', async (order) => {
  process.send(await generate(order), () => process.disconnect());
});

async function generate({ module, urls, ca, connections, seconds, data, rate }) {
  const { loadOf } = await import(new URL(`../${module}`, import.meta.url).href);
  const load = loadOf(data);
  const open = await Promise.all(
    Array.from({ length: connections }, (_, index) => openConnection(urls[index % urls.length], ca)),
  );
  const start = performance.now();
  const from = start + seconds * 200;
  const until = start + seconds * 1_200;
  // What has begun in time counts in an open loop, whenever it ends: the slowest would be missing otherwise.
  const answeredUntil = rate === undefined ? until : Infinity;
  const tally = {
    from,
    until,
    answeredUntil,
    latencies: [],
    units: 0,
    unitsInAll: 0,
    empty: 0,
    failures: 0,
    firstFailure: null,
  };
  const cpu = process.cpuUsage();
  const one = (connection, index, since) => exchange(connection, { request: load.next(index), since }, load, tally);
  const openLoop = rate === undefined ? null : await driveAtRate(open, { rate, start, until }, one);
  if (openLoop === null) await Promise.all(open.map((connection, index) => drive(connection, index, tally, one)));
  const { user, system } = process.cpuUsage(cpu);
  for (const connection of open) connection.close();
  return {
    ...resultOf(tally, seconds),
    ...openLoop,
    cpuSeconds: (user + system) / 1e6,
    rssMiB: Math.round(process.resourceUsage().maxRSS / 1_024),
    summary: load.summary(),
  };
}

function resultOf({ latencies, units, unitsInAll, empty, failures, firstFailure }, seconds) {
  latencies.sort((a, b) => a - b);
  const percentile = (part) => latencies[Math.floor(latencies.length * part)] ?? 0;
  return {
    perSecond: units / seconds,
    p50Ms: percentile(0.5),
    p95Ms: percentile(0.95),
    p99Ms: percentile(0.99),
    requests: latencies.length,
    requestsPerSecond: latencies.length / seconds,
    unitsInAll,
    empty,
    failures,
    firstFailure,
  };
}

async function drive(connection, index, tally, one) {
  for (;;) {
    const sent = performance.now();
    if (sent >= tally.until || tally.failures > 1_000) return;
    await one(connection, index, sent);
  }
}

/** One request whose latency counts from `since`. */
async function exchange(connection, { request: { units, memory, ...request }, since }, load, tally) {
  try {
    const reply = await connection.send(requestOf(request));
    const answered = performance.now();
    const done = load.accept(reply, memory) ?? units;
    tally.unitsInAll += done;
    if (done === 0) tally.empty += 1;
    if (done > 0 && since >= tally.from && answered <= tally.answeredUntil) {
      tally.latencies.push(answered - since);
      tally.units += done;
    }
  } catch (error) {
    tally.failures += 1;
    tally.firstFailure ??= error.message;
  }
}
