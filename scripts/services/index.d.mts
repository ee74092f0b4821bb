/** A server that was started for us. */
export interface PrivateServer {
  /** Process id; undefined while it does not run, or when it runs in a container. */
  readonly pid: number | undefined;
  /** The loopback port, the same after every restart. */
  readonly port: number;
  /** Starts it again after `stop()` or `kill9()`; comes back once it answers. */
  start(): Promise<void>;
  /** Ends it in order and waits until it is gone. */
  stop(): Promise<void>;
  /** `stop()` and `start()`: the same port, the same data. */
  restart(): Promise<void>;
  /** Kills it as a power cut would. */
  kill9(): Promise<void>;
}

export interface Services {
  /** `mysql://root@127.0.0.1:port`, without a database name; or the URL that was given. */
  readonly databaseUrl: string;
  /** `redis://127.0.0.1:port`; or the URL that was given. */
  readonly redisUrl: string;
  /** null when its URL was given. */
  readonly mariadb: PrivateServer | null;
  /** null when its URL was given. */
  readonly redis: PrivateServer | null;
  /** Stops what was started; never what was given. */
  stop(): Promise<void>;
}

/** Sizes of a private MariaDB, as its options take them (`1G`). */
export interface DatabaseSize {
  bufferPool: string;
  logFile: string;
}

export interface ServicesOptions {
  /** Folder for data and logs; existing MariaDB data in it are used. The caller removes it. */
  dataDir: string;
  /** Every commit reaches the disk. Tests do without. Default false. */
  durable?: boolean;
  /** Default: small. */
  size?: DatabaseSize;
  /** Gets one line for each thing that takes long. */
  log?: (line: string) => void;
  /**
   * Servers that exist already. Default: PILOTAGE_TEST_DATABASE_URL and PILOTAGE_TEST_REDIS_URL.
   * `{}` always starts own ones, for tests that stop and kill them.
   */
  urls?: { databaseUrl?: string; redisUrl?: string };
}

/** Finds or starts MariaDB and Redis. Needs `npm install` to have run. */
export function startServices(options: ServicesOptions): Promise<Services>;
