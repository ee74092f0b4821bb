import { z } from 'zod';
import { followEvents } from '../../client/index.js';
import { pathOf, pilots, refusalOf } from '../../contract/index.js';
import { CommandFailure } from '../failure.js';
import type { Session } from '../session.js';

const Chunk = z.object({ text: z.string() });

/** Prints the whole log of a pilot as it is now. */
export async function printLog(session: Session, stamp: string): Promise<void> {
  const path = pathOf(pilots.readLog, { params: { stamp } });
  const answer = await session.transport({
    method: 'GET',
    path,
    headers: {},
    signal: session.io.signal,
    timeout: 300_000,
  });
  if (answer.status !== 200) throw refusalOf(answer);
  session.io.out(answer.body);
}

/** Prints the log of a pilot from its beginning, and goes on until the log is sealed. */
export async function followLog(session: Session, stamp: string): Promise<void> {
  const events = followEvents(session.connection, {
    path: pathOf(pilots.followLog, { params: { stamp } }),
    token: () => session.settings.token,
    signal: session.io.signal,
    patienceSeconds: session.settings.retrySeconds,
  });
  for await (const { event, data } of events) {
    if (event === 'chunk') session.io.out(Chunk.parse(JSON.parse(data)).text);
    if (event === 'sealed') return;
  }
}

/** The pilot that ran the latest attempt of a job. */
export async function pilotOfJob(session: Session, id: number): Promise<string> {
  const { pilots: ran } = await session.call(pilots.ofJob, { params: { id } });
  const latest = ran.at(-1);
  if (latest === undefined) throw new CommandFailure(`no pilot has taken job ${id} yet`, 'see "pilotage job status"');
  return latest.stamp;
}
