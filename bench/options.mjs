import { parseArgs } from 'node:util';

/** The hot paths, in the order in which they are measured. */
export const pathNames = ['claim', 'status', 'heartbeat', 'submitSingle', 'submitBulk', 'search'];

export const usage = `npm run bench [-- options]

Measures the hot paths of one server over HTTP with tokens: a private MariaDB with durable commits, a private Redis, a
server and the load generator as processes of their own on this machine. Beside each path stands the rate of the same
MariaDB with the barest statements that write or read the same rows. Every run checks what it did in the database.

  --json              print one JSON object instead of a table
  --only a,b          only these paths: ${pathNames.join(', ')}
  --seconds N         measure each path for so long (10), after a fifth of it to warm up
  --connections N     connections that stay open, each with one request under way (64)
  --bulk-connections N  the same for submitBulk, whose requests are large (4)
  --bulk-size N       descriptions in a request of submitBulk (1000)
  --bulk-padding N    bytes that each of them is longer (0)
  --waiting N         waiting jobs for claim, in a thousand task queues (100000)
  --rows N            jobs that search looks through (100000; the goal is stated for 1000000)
  --https             over HTTPS
  --profile FOLDER    write a CPU profile of the server for each path into this folder
  --help              this text

Exit code 0 if every path answered without an error and the database agrees.`;

const numbers = {
  seconds: 10,
  connections: 64,
  'bulk-connections': 4,
  'bulk-size': 1_000,
  'bulk-padding': 0,
  waiting: 100_000,
  rows: 100_000,
};

/** The options of a run; `problem` says what is wrong with them. */
export function readOptions(args) {
  let values;
  try {
    ({ values } = parseArgs({
      args,
      options: {
        json: { type: 'boolean', default: false },
        https: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
        only: { type: 'string', default: pathNames.join(',') },
        profile: { type: 'string' },
        ...Object.fromEntries(Object.keys(numbers).map((name) => [name, { type: 'string' }])),
      },
    }));
  } catch (error) {
    return { problem: error.message };
  }
  const only = values.only.split(',');
  const unknown = only.find((name) => !pathNames.includes(name));
  if (unknown !== undefined) return { problem: `there is no path ${unknown}` };
  const counts = Object.entries(numbers).map(([name, fallback]) => [name, Number(values[name] ?? fallback)]);
  const least = (name) => Math.min(1, numbers[name]);
  const wrong = counts.find(([name, value]) => !Number.isInteger(value) || value < least(name));
  if (wrong !== undefined) return { problem: `--${wrong[0]} takes an integer of at least ${least(wrong[0])}` };
  return { ...values, ...Object.fromEntries(counts), only: pathNames.filter((name) => only.includes(name)) };
}
