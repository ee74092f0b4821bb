/**
 * Begins exchanges at random times, on average `rate` a second from `start` until `until` (milliseconds of
 * performance.now()), and waits for their ends. When all connections are busy, an exchange waits, and its latency counts
 * from when it should have begun. Gives how many waited at most. `one(connection, index, since)` is one exchange.
 */
export async function driveAtRate(connections, { rate, start, until }, one) {
  const free = connections.map((connection, index) => ({ connection, index }));
  const due = [];
  const under = new Set();
  let largestBacklog = 0;
  const begin = () => {
    while (due.length > 0 && free.length > 0) {
      const { connection, index } = free.pop();
      const exchange = one(connection, index, due.shift()).then(() => {
        under.delete(exchange);
        free.push({ connection, index });
        begin();
      });
      under.add(exchange);
    }
    largestBacklog = Math.max(largestBacklog, due.length);
  };
  const random = seeded();
  let next = start;
  for (let now = performance.now(); now < until; now = performance.now()) {
    for (; next <= now; next -= (Math.log(1 - random()) * 1_000) / rate) due.push(next);
    begin();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  while (under.size > 0 || due.length > 0) await Promise.race(under);
  return { largestBacklog };
}

/** The same times in every run. */
function seeded() {
  let state = 20_260_328;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
