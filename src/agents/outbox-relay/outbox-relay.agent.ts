import type { Database } from '../../platform/index.js';
import type { Agent, AgentContext, AgentSummary, Topic } from '../agent.js';
import type { Parcel, OutboxTasks } from '../outbox-tasks.js';

/** Messages that may be on their way at one time; the rest waits in the database. */
const mostUnderWay = 10_000;
/** Milliseconds after which a message that is still there is handed on again. */
const patience = 5_000;

interface Row {
  message_id: number;
  topic: Topic;
  payload: string;
}

/**
 * Hands the messages of committed transactions to the tasks, through BullMQ, or does the tasks itself while Redis is
 * away. It takes no message out of the outbox: the task does, when it is done, so that FLUSHALL loses none.
 */
export class OutboxRelay implements Agent {
  readonly name = 'outbox-relay';
  readonly every = 1;
  readonly limit = 60;
  /** When each message that is still there was handed on (ms since 1970). */
  private handedOn = new Map<number, number>();

  constructor(
    private readonly database: Database,
    private readonly queues: () => Pick<OutboxTasks, 'isUp' | 'add' | 'handle'>,
    private readonly topics: ReadonlySet<string>,
  ) {}

  async run({ signal, log }: AgentContext): Promise<AgentSummary> {
    const queues = this.queues();
    for (;;) {
      signal.throwIfAborted();
      const due = await this.due();
      // Relaying is routine: whoever does the task tells of it.
      if (due.length === 0) return {};
      const parcels = packed(await this.read(due));
      if (queues.isUp) await queues.add(parcels);
      else {
        log.debug('Redis is away, so the relay does the tasks itself', { messages: due.length });
        await doAll(parcels, (parcel) => queues.handle(parcel));
      }
      const now = Date.now();
      for (const id of due) this.handedOn.set(id, now);
    }
  }

  /** Ids of messages that were not handed on lately, at most 500. */
  private async due(): Promise<number[]> {
    const rows = await this.database.query<{ message_id: number; topic: string }>(
      'SELECT message_id, topic FROM outbox ORDER BY message_id LIMIT ?',
      [mostUnderWay],
    );
    const before = this.handedOn;
    this.handedOn = new Map();
    const latest = Date.now() - patience;
    const due: number[] = [];
    for (const { message_id: id, topic } of rows) {
      const at = before.get(id);
      if (at !== undefined) this.handedOn.set(id, at);
      if ((at ?? 0) <= latest && this.topics.has(topic) && due.length < 500) due.push(id);
    }
    return due;
  }

  private read(ids: number[]): Promise<Row[]> {
    return this.database.query<Row>(
      'SELECT message_id, topic, payload FROM outbox WHERE message_id IN (?) ORDER BY message_id',
      [ids],
    );
  }
}

/** A parcel per message, but one for all that ask for pilots. */
function packed(rows: readonly Row[]): Parcel[] {
  const messages = rows.map(({ message_id: id, topic, payload }) => ({
    topic,
    message: { id, payload: JSON.parse(payload) as Record<string, unknown> },
  }));
  const demand = messages.filter(({ topic }) => topic === 'demand').map(({ message }) => message);
  const others = messages
    .filter(({ topic }) => topic !== 'demand')
    .map(({ topic, message }) => ({ topic, messages: [message] }));
  return demand.length === 0 ? others : [{ topic: 'demand', messages: demand }, ...others];
}

/** All of them get their chance; the first failure is the run's. */
async function doAll(parcels: readonly Parcel[], handle: (parcel: Parcel) => Promise<void>): Promise<void> {
  const failures: unknown[] = [];
  for (const parcel of parcels) {
    try {
      await handle(parcel);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, `${failures.length} tasks failed without Redis`);
}
