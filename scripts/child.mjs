import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { endProcess, guard } from './services/guard.mjs';
import { root } from './root.mjs';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Runs a program in the project's folder with our terminal, hands on each signal once, and answers its exit code
 * (128 + the signal's number if one ended it). The program ends when we do.
 */
export function runChild(program, args, options = {}) {
  // A group of its own: otherwise Ctrl-C reaches it twice, from the terminal and from us.
  const child = spawn(program, args, { cwd: root, stdio: 'inherit', detached: true, ...options });
  const handOn = (signal) => child.kill(signal);
  for (const signal of signals) process.on(signal, handOn);
  return new Promise((resolve, reject) => {
    const release = child.pid === undefined ? () => undefined : guard(endProcess, [String(child.pid)]);
    const end = () => {
      release();
      for (const signal of signals) process.off(signal, handOn);
    };
    child.once('error', (error) => {
      end();
      reject(error);
    });
    child.once('exit', (code, signal) => {
      end();
      resolve(code ?? 128 + constants.signals[signal]);
    });
  });
}
