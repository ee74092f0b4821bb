import { Controller, Inject } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { CurrentConfiguration } from '../configuration/index.js';
import { Refusal, server } from '../contract/index.js';
import { Database, Handles, REDIS, Shutdown } from '../platform/index.js';

const patience = 2_000;

/** Whether this process lives, and whether it can serve. */
@Controller()
export class HealthController {
  private isMigrated = false;

  constructor(
    private readonly database: Database,
    private readonly configuration: CurrentConfiguration,
    private readonly shutdown: Shutdown,
    @Inject(REDIS) private readonly redis: Redis,
  ) {}

  @Handles(server.live)
  live(): { status: string } {
    return { status: 'live' };
  }

  /**
   * Red while the database is away, and from the beginning of the server's stop on: proxies then send nothing more.
   * Without Redis the server serves all the same, only waiting pilots learn of new jobs later; so it is reported only.
   */
  @Handles(server.ready)
  async ready(): Promise<{ status: string; redis: string }> {
    if (this.shutdown.hasBegun) throw new Refusal('unavailable', 'The server stops', { retryAfter: 1 });
    await this.checkDatabase();
    this.configuration.get();
    return { status: 'ready', redis: this.redis.status === 'ready' ? 'ready' : 'not reachable' };
  }

  @Handles(server.startup)
  async startup(): Promise<{ status: string }> {
    await this.checkDatabase();
    return { status: 'startup complete' };
  }

  private async checkDatabase(): Promise<void> {
    const failed = (detail: string, cause?: unknown): Refusal =>
      new Refusal('unavailable', detail, { retryAfter: 10, cause });
    try {
      await withinPatience(this.database.query('SELECT 1'));
      this.isMigrated ||= await withinPatience(this.database.isMigrated());
    } catch (cause) {
      throw failed('Database ping failed', cause);
    }
    if (!this.isMigrated) throw failed('The database is not migrated');
  }
}

async function withinPatience<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`No answer within ${patience} ms`)), patience);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
