import { parseArgs } from 'node:util';

export const usage = `npm run bench:waiting [-- options]

What it costs that pilots wait, and how fast a job reaches one: a private MariaDB, a private Redis, the servers, and the
pilots (15,000 per process) as processes of their own on this machine, over HTTP with tokens.

First the pilots wait and nothing happens; then jobs are submitted one by one; then many in one call. Every run checks that
each job arrived at one pilot and at no other.

  --pilots N          pilots that wait, evenly spread over the servers (15000)
  --servers N         servers (1)
  --poll N            seconds that a claim waits; then the pilot asks again (60)
  --idle N            seconds in which nothing happens, measured after all wait (60)
  --jobs N            jobs submitted one by one (300)
  --rate N            of them so many per second (20)
  --burst N           jobs submitted in one call (1000)
  --https             over HTTPS
  --json              print one JSON object instead of lines
  --profile FOLDER    write a CPU profile of each server into this folder
  --help              this text

A server and each process of pilots need a file descriptor per waiting pilot and about a hundred more: ulimit -n.
Exit code 0 if every job arrived once.`;

const numbers = { pilots: 15_000, servers: 1, poll: 60, idle: 60, jobs: 300, rate: 20, burst: 1_000 };

/** The options of a run; `problem` says what is wrong with them. */
export function readWaitingOptions(args) {
  let values;
  try {
    ({ values } = parseArgs({
      args,
      options: {
        json: { type: 'boolean', default: false },
        https: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
        profile: { type: 'string' },
        ...Object.fromEntries(Object.keys(numbers).map((name) => [name, { type: 'string' }])),
      },
    }));
  } catch (error) {
    return { problem: error.message };
  }
  const counts = Object.entries(numbers).map(([name, fallback]) => [name, Number(values[name] ?? fallback)]);
  const wrong = counts.find(([, value]) => !Number.isInteger(value) || value < 1);
  if (wrong !== undefined) return { problem: `--${wrong[0]} takes an integer of at least 1` };
  const options = { ...values, ...Object.fromEntries(counts) };
  if (options.poll > 60) return { problem: '--poll takes at most 60 seconds, as the server does' };
  if (options.burst > 10_000) return { problem: '--burst takes at most 10000, as one call does' };
  if (options.jobs + options.burst > options.pilots) return { problem: 'every job needs a pilot of its own' };
  return options;
}
