import { existsSync, readFileSync, readdirSync } from 'node:fs';

/** The processes of this machine, except ourselves, that were started with this environment variable. Linux only. */
export function processesWith(name, value) {
  if (!existsSync('/proc/self/environ')) return [];
  const wanted = `${name}=${value}`;
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
    .filter((pid) => read(`/proc/${pid}/environ`).split('\0').includes(wanted))
    .map((pid) => ({ pid: Number(pid), command: read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim() }));
}

/** Kills a process; one that is gone already is what was wanted. */
export function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

// Processes end while we look, and those of other users cannot be read: neither is ours.
function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
