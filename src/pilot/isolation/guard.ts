import { type ChildProcess, spawn } from 'node:child_process';

/**
 * The guard: a shell in a session of its own that reads lines from the pilot. When the pilot dies, even by kill -9, the
 * pipe ends; the guard then kills the groups of all payloads, and whatever still carries the marker in its environment
 * because it left its group. It also removes the pilot's directory when the wrapper script, whose duty that is, is gone.
 * $1 marker, $2 process id of the wrapper script, $3 directory.
 */
const script = `
trap '' TERM INT HUP QUIT
marker=$1 wrapper=$2 directory=$3 groups=
while read -r word group; do
  case $word in
    watch) groups="$groups $group" ;;
    forget)
      kept=
      for one in $groups; do [ "$one" = "$group" ] || kept="$kept $one"; done
      groups=$kept ;;
    bye) exit 0 ;;
  esac
done
for group in $groups; do kill -KILL "-$group" 2>/dev/null; done
tries=0
while [ "$tries" -lt 20 ]; do
  found=
  for folder in /proc/[0-9]*; do
    if tr '\\0' '\\n' <"$folder/environ" 2>/dev/null | grep -qxF "$marker"; then
      found=yes
      kill -KILL "\${folder#/proc/}" 2>/dev/null
    fi
  done
  [ -n "$found" ] || break
  tries=$((tries + 1))
done
if [ -n "$directory" ] && ! kill -0 "$wrapper" 2>/dev/null; then rm -rf "$directory"; fi
`;

/** What the guard must know. */
export interface GuardSettings {
  /** `NAME=value`, in the environment of every payload. */
  marker: string;
  wrapperPid: number;
  directory: string;
}

/** Sees to it that payloads die with the pilot. Started again when something kills it. */
export class Guard {
  private readonly groups = new Set<number>();
  private child: ChildProcess;
  private closing = false;

  constructor(private readonly settings: GuardSettings) {
    this.child = this.start();
  }

  watch(group: number): void {
    this.groups.add(group);
    this.child.stdin?.write(`watch ${group}\n`);
  }

  forget(group: number): void {
    this.groups.delete(group);
    this.child.stdin?.write(`forget ${group}\n`);
  }

  /** Ends the guard; no payload may be left. */
  close(): void {
    this.closing = true;
    this.child.stdin?.end('bye\n');
  }

  private start(): ChildProcess {
    const { marker, wrapperPid, directory } = this.settings;
    const child = spawn('/bin/sh', ['-c', script, 'pilotage-guard', marker, String(wrapperPid), directory], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      cwd: '/',
      env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
    });
    child.unref();
    child.stdin?.on('error', () => undefined);
    child.once('exit', () => {
      if (this.closing) return;
      this.child = this.start();
      for (const group of this.groups) this.child.stdin?.write(`watch ${group}\n`);
    });
    return child;
  }
}
