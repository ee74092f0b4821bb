import { spawn } from 'node:child_process';

/**
 * Runs a shell line when this process ends without having let go of the guard, however it ends (kill -9 too): the
 * guard reads a pipe whose only writing end is ours, and the kernel closes that end. The line sees its arguments as
 * $1, $2 …. The answer lets go: the guard then ends without having done anything.
 */
export function guard(line, args) {
  const script = `read -r word; [ "$word" = released ] && exit 0\n${line}`;
  const child = spawn('/bin/sh', ['-c', script, 'pilotage-guard', ...args], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  // A guard that is gone has nothing left to be told.
  child.stdin.on('error', () => undefined);
  child.unref();
  child.stdin.unref();
  return () => child.stdin.end('released\n');
}

/** Ends process $1 politely, and after 20 s by force. A dead one that nobody reaps (state Z) is gone too. */
export const endProcess = `
kill -TERM "$1" 2>/dev/null || exit 0
tries=0
while [ $tries -lt 100 ] && kill -0 "$1" 2>/dev/null; do
  case "$(cat "/proc/$1/stat" 2>/dev/null)" in *") Z "*) exit 0 ;; esac
  sleep 0.2
  tries=$((tries + 1))
done
kill -KILL "$1" 2>/dev/null`;
