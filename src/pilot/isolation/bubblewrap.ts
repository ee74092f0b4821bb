import { existsSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Isolation, Launch, PayloadPlace } from './isolation.js';

/** Directories in which other people's and the pilot's things lie; payloads see them empty. */
const hidden = ['/tmp', '/var/tmp', '/home', '/root', '/run/user', '/dev/shm'];

/**
 * Payloads in namespaces of their own, made by bubblewrap: the system read-only; homes, the pilot's directory and what
 * lies with it in a private folder hidden; their own directory writable, no process but their own in sight. The kernel ends them with the pilot.
 */
export class Bubblewrap implements Isolation {
  readonly kind = 'bubblewrap';
  readonly layers = 2;

  constructor(
    private readonly directory: string,
    private readonly home: string,
    /** Where bubblewrap is looked for. */
    private readonly searchPath: string,
  ) {}

  enclose(place: PayloadPlace, launcher: string[]): Launch {
    const hides = new Set(
      [...hidden, this.home, privateFolder(this.directory)].filter(
        (path) => path !== '/' && path !== '/dev/shm' && existsSync(path),
      ),
    );
    const args = [
      ['--args', '4'],
      ['--die-with-parent', '--new-session', '--unshare-pid', '--unshare-ipc', '--unshare-uts', '--cap-drop', 'ALL'],
      ['--ro-bind', '/', '/', '--proc', '/proc', '--dev', '/dev'],
      [...hides].flatMap((path) => ['--tmpfs', path]),
      ['--bind', place.temporary, '/tmp'],
      ['--tmpfs', this.directory, '--bind', place.job, place.job, '--remount-ro', this.directory],
      gpuDevices(),
      ['--chdir', place.job, '--', ...launcher],
    ].flat();
    return { program: 'bwrap', args, temporary: '/tmp', outside: { PATH: this.searchPath } };
  }

  leave(): void {
    // The namespaces went with the last process.
  }
}

/**
 * The highest folder above a directory that nobody but its owner may enter, or the directory itself. The payload has the
 * pilot's user id, so there it would find what a batch system keeps for other pilots: their programs, secrets in them.
 */
function privateFolder(directory: string): string {
  let highest = realpathSync(directory);
  for (let folder = dirname(highest); folder !== '/'; folder = dirname(folder))
    if ((statSync(folder).mode & 0o077) === 0) highest = folder;
  return highest;
}

function gpuDevices(): string[] {
  const devices = ['nvidiactl', 'nvidia-uvm', 'nvidia-uvm-tools', 'nvidia-modeset', 'nvidia-caps', 'dri', 'kfd'].map(
    (name) => `/dev/${name}`,
  );
  const numbered = Array.from({ length: 16 }, (_, index) => `/dev/nvidia${index}`);
  return [...devices, ...numbered].flatMap((path) => ['--dev-bind-try', path, path]);
}
