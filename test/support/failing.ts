import type { Database, Transaction } from '../../src/platform/index.js';
import type { StorageElement } from '../../src/storage/index.js';

/** What a process meets that is killed: nothing that it says afterwards reaches anybody. */
export class Killed extends Error {}

/** Kills a process at its nth step: a statement, a commit, or a call of a storage element; before it or right after it. */
export class Death {
  private steps = 0;
  dead = false;

  constructor(
    private readonly at: number,
    private readonly moment: 'before' | 'after',
  ) {}

  /** The database as the process sees it. A statement of a transaction that dies is rolled back with it. */
  database(real: Database): Database {
    return this.around(real, {
      query: (sql, values) => this.step(() => real.query(String(sql), values as unknown[])),
      execute: (sql, values) => this.step(() => real.execute(String(sql), values as unknown[])),
      transaction: (body) =>
        this.step(() => real.transaction((tx) => (body as (tx: Transaction) => Promise<unknown>)(this.statements(tx)))),
    });
  }

  element(real: StorageElement): StorageElement {
    return this.around(real, {
      put: (...args) => this.step(() => real.put(...(args as Parameters<StorageElement['put']>))),
      stream: (...args) => this.step(() => real.stream(...(args as Parameters<StorageElement['stream']>))),
    });
  }

  private statements(tx: Transaction): Transaction {
    return {
      query: (sql, values) => this.step(() => tx.query(sql, values)) as never,
      execute: (sql, values) => this.step(() => tx.execute(sql, values)),
    };
  }

  private around<T extends object>(real: T, replaced: Record<string, (...args: unknown[]) => unknown>): T {
    return new Proxy(real, {
      get: (target, name) => replaced[String(name)] ?? (Reflect.get(target, name) as unknown),
    });
  }

  private async step<R>(work: () => Promise<R>): Promise<R> {
    const mine = (this.steps += 1);
    if (this.dead) throw new Killed();
    if (mine === this.at && this.moment === 'before') this.die();
    const result = await work();
    if (mine === this.at) this.die();
    return result;
  }

  private die(): never {
    this.dead = true;
    throw new Killed(`at step ${this.at}`);
  }
}
