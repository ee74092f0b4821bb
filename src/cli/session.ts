import { Connection, httpsTransport, type Patience, withManners, withRetry } from '../client/index.js';
import {
  call,
  type CallInput,
  type CallOptions,
  type Endpoint,
  type ReplyOf,
  type Transport,
} from '../contract/index.js';
import { CommandFailure, exitCodes } from './failure.js';
import type { Io } from './io.js';
import { readSettings, type Settings } from './settings.js';
import { version } from './version.js';

/** A signed-in conversation with one server. */
export class Session {
  readonly connection: Connection;
  /** Waits and tries again when the server wants fewer calls. */
  readonly transport: Transport;
  private readonly wire: Transport;

  constructor(
    readonly io: Io,
    readonly settings: Settings,
  ) {
    try {
      this.connection = new Connection({
        baseUrl: settings.url,
        userAgent: `pilotage/${version}`,
        ...(settings.ca === undefined ? {} : { ca: settings.ca }),
        ...(settings.proxy === undefined ? {} : { proxy: settings.proxy }),
      });
    } catch (cause) {
      throw new CommandFailure(`${settings.url} is no address of a server`, 'give it as https://host:port', { cause });
    }
    this.wire = httpsTransport(this.connection, () => settings.token);
    this.transport = withManners(this.wire, this.patience);
  }

  /** Calls an endpoint and gives its reply. */
  async call<E extends Endpoint>(endpoint: E, input?: CallInput<E>, options?: CallOptions): Promise<ReplyOf<E>> {
    const { reply } = await call(this.transport, endpoint, input, { signal: this.io.signal, ...options });
    return reply;
  }

  /** Like {@link call}, with its status and headers. */
  async exchange<E extends Endpoint>(
    endpoint: E,
    input?: CallInput<E>,
    options?: CallOptions,
  ): Promise<{ reply: ReplyOf<E>; status: number; headers: Record<string, string> }> {
    return call(this.transport, endpoint, input, { signal: this.io.signal, ...options });
  }

  /** Like {@link call}, trying again while the server does not answer. Only for calls that may be repeated. */
  async persist<E extends Endpoint>(endpoint: E, input?: CallInput<E>, options?: CallOptions): Promise<ReplyOf<E>> {
    const { reply } = await call(withRetry(this.wire, this.patience), endpoint, input, {
      signal: this.io.signal,
      ...options,
    });
    return reply;
  }

  private get patience(): Patience {
    return {
      deadlineSeconds: this.settings.retrySeconds,
      signal: this.io.signal,
      onRetry: (reason, seconds) => {
        if (this.io.errorIsTerminal) this.io.error(`${reason}; trying again in ${Math.ceil(seconds)} s\n`);
      },
    };
  }
}

/** Opens a session with the user's settings, lets `work` use it, and closes it. Without a token nothing is sent. */
export async function withSession<T>(io: Io, work: (session: Session) => Promise<T>): Promise<T> {
  const settings = await readSettings(io);
  if (settings.token === undefined) {
    throw new CommandFailure(`you are not signed in to ${settings.url}`, 'sign in with "pilotage login"', {
      exitCode: exitCodes.noAccess,
    });
  }
  const session = new Session(io, settings);
  try {
    return await work(session);
  } finally {
    session.connection.close();
  }
}
