import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { endProcess, guard } from '../../scripts/services/guard.mjs';

/** The load on one path from a process of its own; see generator.mjs for the order and the answer. */
export function runLoad(order) {
  return run('./generator.mjs', order);
}

/** The rate of bare statements from a process of its own; see raw.mjs. */
export function runRaw(order) {
  return run('./raw.mjs', order);
}

function run(program, order) {
  const child = fork(fileURLToPath(new URL(program, import.meta.url)), { serialization: 'advanced' });
  const release = child.pid === undefined ? () => undefined : guard(endProcess, [String(child.pid)]);
  return new Promise((resolve, reject) => {
    let answer;
    child.once('message', (message) => (answer = message));
    child.once('error', reject);
    child.once('exit', (code) => {
      release();
      if (answer === undefined) reject(new Error(`${program} ended without a result (exit code ${code})`));
      else resolve(answer);
    });
    child.send(order);
  });
}
