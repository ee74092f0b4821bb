import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Database, isDatabaseUnavailable, Log, PLATFORM_CONFIG, type PlatformConfig } from '../../platform/index.js';
import { CommandWatch } from './command-watch.js';
import { WaitingRoom } from './waiting-room.js';

/** The database is asked for commands that no wake-up told of so often (ms): a kill arrives within five seconds. */
const commandsEvery = 2_000;
/** A waiting pilot's own row is looked at so often at least (ms), if nothing told of it before. */
const rowEvery = 30_000;
/** So many rows at most per second: a server with many waiting pilots works evenly. */
const rowsPerSecond = 1_000;

/** What no wake-up told the {@link WaitingRoom}: commands (2 s), and that a pilot has ended or shall end (30 s). */
@Injectable()
export class MissedNews implements OnModuleInit, OnModuleDestroy {
  private readonly watch: CommandWatch;
  private readonly rowEvery: number;
  private timers: NodeJS.Timeout[] = [];

  constructor(
    private readonly room: WaitingRoom,
    database: Database,
    @Inject(PLATFORM_CONFIG) settings: PlatformConfig,
    private readonly log: Log,
  ) {
    this.watch = new CommandWatch(database);
    this.rowEvery = Math.min(rowEvery, (settings.silentSeconds / 4) * 1_000);
  }

  onModuleInit(): void {
    const rows = (): void => this.room.lookAtOldest(performance.now() - this.rowEvery, rowsPerSecond);
    this.timers = [setInterval(() => void this.lookForCommands(), commandsEvery), setInterval(rows, 1_000)];
  }

  onModuleDestroy(): void {
    for (const timer of this.timers) clearInterval(timer);
  }

  private async lookForCommands(): Promise<void> {
    if (this.room.size === 0) return;
    try {
      this.room.lookAt(await this.watch.look());
    } catch (error) {
      const message = 'Commands for waiting pilots could not be looked up';
      if (isDatabaseUnavailable(error)) this.log.warn(message, { error });
      else this.log.error(message, { error });
    }
  }
}
