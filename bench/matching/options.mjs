import { parseArgs } from 'node:util';

/** The distributions of jobs over task queues; src/simulation/workloads has them. */
const shapes = ['lhcb', '1000', '50000'];

export const usage = `npm run bench:matching [-- options]

Claims over HTTP with pilot tokens and durable commits: a private MariaDB, a private Redis, the servers and the load
generator as processes of their own on this machine. Every run checks in the database what was claimed.

  --jobs N            waiting jobs (1000000)
  --queues SHAPE      their task queues: lhcb (a real queue: 498), 1000 (equal ones), 50000 (a long tail)
  --claimers N        pilots that ask at the same time, each again as soon as it was answered (64)
  --seconds N         measure for so long (30), after a fifth of it to warm up
  --batch N           jobs in a claim, by pilots with so many cores (1)
  --servers N         servers, each with its part of the claimers (1)
  --load PERCENT      afterwards a run with claims at random times, at so much of the measured rate; latencies count from
                      when a claim should have begun
  --buffer-pool SIZE  of the database (4G)
  --https             over HTTPS
  --json              print one JSON object instead of lines
  --profile FOLDER    write a CPU profile of the server into this folder
  --help              this text

Exit code 0 if every claim was answered and the database agrees. Claims that got no job are counted apart.`;

const numbers = { jobs: 1_000_000, claimers: 64, seconds: 30, batch: 1, servers: 1, load: 0 };

/** The options of a run; `problem` says what is wrong with them. */
export function readMatchingOptions(args) {
  let values;
  try {
    ({ values } = parseArgs({
      args,
      options: {
        json: { type: 'boolean', default: false },
        https: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
        queues: { type: 'string', default: 'lhcb' },
        profile: { type: 'string' },
        'buffer-pool': { type: 'string', default: '4G' },
        ...Object.fromEntries(Object.keys(numbers).map((name) => [name, { type: 'string' }])),
      },
    }));
  } catch (error) {
    return { problem: error.message };
  }
  if (!shapes.includes(values.queues)) return { problem: `--queues takes one of ${shapes.join(', ')}` };
  const counts = Object.entries(numbers).map(([name, fallback]) => [name, Number(values[name] ?? fallback)]);
  const wrong = counts.find(([name, value]) => !Number.isInteger(value) || value < Math.min(1, numbers[name]));
  if (wrong !== undefined)
    return { problem: `--${wrong[0]} takes an integer of at least ${Math.min(1, numbers[wrong[0]])}` };
  if (!/^[1-9]\d*[MG]$/.test(values['buffer-pool'])) return { problem: '--buffer-pool takes a size like 512M or 4G' };
  const all = { ...values, ...Object.fromEntries(counts) };
  if (all.queues === '50000' && all.jobs < 50_000) return { problem: '50000 task queues need as many jobs' };
  if (all.jobs < 1_000) return { problem: '--jobs takes at least 1000' };
  return { ...all, size: { bufferPool: all['buffer-pool'], logFile: '1G' } };
}
