import { parseArgs } from 'node:util';

const shapes = ['lhcb', '1000', '50000'];

export const usage = `npm run bench:explain [-- options]

Explanations over HTTP with tokens of users: jobs anywhere in their task queues, jobs that fit nothing, task queues, and pilots
against all waiting task queues. A private MariaDB, a private Redis and a server of their own on this machine, nothing else under way.

  --jobs N         waiting jobs (200000)
  --queues SHAPE   their task queues: lhcb (a real queue: 498), 1000 (equal ones), 50000 (a long tail; default)
  --resources N    queues in the configuration, beside those of the workload (1000)
  --pilots N       live pilots of a hundred kinds of nodes (15000)
  --calls N        explanations of each kind, one after the other (500)
  --json           print one JSON object instead of lines
  --profile FOLDER write a CPU profile of the server into this folder
  --help           this text

Exit code 0 if every explanation was given.`;

const numbers = { jobs: 200_000, resources: 1_000, pilots: 15_000, calls: 500 };

/** The options of a run; `problem` says what is wrong with them. */
export function readExplainOptions(args) {
  let values;
  try {
    ({ values } = parseArgs({
      args,
      options: {
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
        queues: { type: 'string', default: '50000' },
        profile: { type: 'string' },
        ...Object.fromEntries(Object.keys(numbers).map((name) => [name, { type: 'string' }])),
      },
    }));
  } catch (error) {
    return { problem: error.message };
  }
  if (!shapes.includes(values.queues)) return { problem: `--queues takes one of ${shapes.join(', ')}` };
  const counts = Object.entries(numbers).map(([name, fallback]) => [name, Number(values[name] ?? fallback)]);
  const wrong = counts.find(([, value]) => !Number.isInteger(value) || value < 1);
  if (wrong !== undefined) return { problem: `--${wrong[0]} takes an integer of at least 1` };
  const all = { ...values, ...Object.fromEntries(counts), https: false, batch: 1 };
  if (all.queues === '50000' && all.jobs < 50_000) return { problem: '50000 task queues need as many jobs' };
  return all;
}
