import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { guard } from './guard.mjs';
import { askMariadb, tuning } from './mariadb.mjs';
import { findProgram, mustRun, run } from './programs.mjs';
import { redisOptions, redisProcessId } from './redis.mjs';

const startSeconds = 120;

/** The docker program if an engine answers it; the program alone is not enough. */
export async function findDocker() {
  const docker = findProgram('docker');
  if (!docker) return undefined;
  const { code } = await run(docker, ['info'], { timeoutSeconds: 10 });
  return code === 0 ? docker : undefined;
}

/** MariaDB in a container. Its data are in a volume named after `folder`, removed at the end unless durable. */
export async function mariadbContainer({ docker, folder, port, durable, size }) {
  const name = `pilotage-mariadb-${randomUUID()}`;
  const volume = `pilotage-${createHash('sha256').update(folder).digest('hex').slice(0, 16)}`;
  const container = new Container({
    docker,
    name,
    volume: durable ? undefined : volume,
    options: ['--hostname', name, '-p', `127.0.0.1:${port}:3306`, '-v', `${volume}:/var/lib/mysql`],
    environment: ['-e', 'MARIADB_ALLOW_EMPTY_ROOT_PASSWORD=1'],
    image: ['mariadb:11', ...tuning(durable, size)],
    answersAsOurs: async () => (await askMariadb(port, 'SELECT @@hostname AS answer')) === name,
  });
  await container.create();
  return container;
}

/** Valkey in a container. */
export async function redisContainer({ docker, port }) {
  const container = new Container({
    docker,
    name: `pilotage-valkey-${randomUUID()}`,
    options: ['-p', `127.0.0.1:${port}:6379`],
    environment: [],
    image: ['valkey/valkey:8', 'valkey-server', ...redisOptions],
    answersAsOurs: async () => (await redisProcessId(port)) === 1,
  });
  await container.create();
  return container;
}

/** A server in a container, with the same calls as a process of our own. A guard removes it when we are gone. */
class Container {
  #release = () => undefined;

  constructor({ docker, name, volume, options, environment, image, answersAsOurs }) {
    Object.assign(this, { docker, name, volume, options, environment, image, answersAsOurs });
  }

  /** The process id lies inside the engine. */
  get pid() {
    return undefined;
  }

  async create() {
    const removeVolume = this.volume ? '\n"$1" volume rm -f "$3"' : '';
    this.#release = guard(`"$1" rm -f "$2"${removeVolume}`, [this.docker, this.name, this.volume ?? '']);
    await this.#call('run', '-d', '--name', this.name, ...this.options, ...this.environment, ...this.image);
    await this.#answer();
  }

  async start() {
    await this.#call('start', this.name);
    await this.#answer();
  }

  async stop() {
    await this.#call('stop', '-t', '30', this.name);
  }

  async restart() {
    await this.stop();
    await this.start();
  }

  async kill9() {
    await this.#call('kill', '-s', 'KILL', this.name);
  }

  /** Stops and removes it, and its data unless they were to be kept. */
  async remove() {
    await this.stop();
    await this.#call('rm', '-f', this.name);
    if (this.volume) await this.#call('volume', 'rm', '-f', this.volume);
    this.#release();
  }

  /** The guard does the rest. */
  abandon() {}

  #call(...args) {
    return mustRun(this.docker, args, { timeoutSeconds: 600 });
  }

  async #answer() {
    const deadline = Date.now() + startSeconds * 1_000;
    let last;
    while (Date.now() < deadline) {
      try {
        if (await this.answersAsOurs()) return;
      } catch (error) {
        last = error;
      }
      await delay(200);
    }
    throw new Error(
      `container ${this.name} does not answer after ${startSeconds} s (${last?.message ?? 'another server does'})`,
    );
  }
}
