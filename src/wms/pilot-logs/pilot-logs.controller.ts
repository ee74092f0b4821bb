import { Controller, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Caller, type UserPrincipal } from '../../auth/index.js';
import { type ParamsOf, pilots, type QueryOf, type ReplyOf } from '../../contract/index.js';
import { Handles, Input, Log, WakeUps } from '../../platform/index.js';
import { OpenCalls } from '../open-calls.js';
import { followLog } from './follow-log.js';
import { PilotLogs } from './pilot-logs.js';

/** Logs of pilots: users of the VO read, follow, and fetch the manifest. */
@Controller()
export class PilotLogsController {
  constructor(
    private readonly logs: PilotLogs,
    private readonly open: OpenCalls,
    private readonly wakeUps: WakeUps,
    private readonly log: Log,
  ) {}

  @Handles(pilots.readLog)
  async read(
    @Caller() user: UserPrincipal,
    @Input(pilots.readLog) input: { params: ParamsOf<typeof pilots.readLog>; query: QueryOf<typeof pilots.readLog> },
    @Res() reply: FastifyReply,
  ): Promise<void> {
    this.open.openLog(user, reply);
    const text = await this.logs.read(user.vo, input.params.stamp, input.query.from);
    await reply.type('text/plain; charset=utf-8').send(text);
  }

  @Handles(pilots.logManifest)
  manifest(
    @Caller() user: UserPrincipal,
    @Input(pilots.logManifest) input: { params: ParamsOf<typeof pilots.logManifest> },
  ): Promise<ReplyOf<typeof pilots.logManifest>> {
    return this.logs.manifest(user.vo, input.params.stamp);
  }

  @Handles(pilots.followLog)
  async follow(
    @Caller() user: UserPrincipal,
    @Input(pilots.followLog) input: { params: ParamsOf<typeof pilots.followLog> },
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { stamp } = input.params;
    // Followers come back to another server with what they have seen.
    const end = this.open.openLog(user, reply);
    await this.logs.findReadable(user.vo, stamp);
    const seen = Number(request.headers['last-event-id'] ?? -1);
    reply.hijack();
    reply.raw.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    // The follower learns at once that it follows, even while nothing is logged.
    reply.raw.flushHeaders();
    const first = Number.isSafeInteger(seen) && seen >= 0 ? seen + 1 : 0;
    try {
      for await (const event of followLog(this.logs, this.wakeUps, { vo: user.vo, stamp, first }, end)) {
        const line = event.kind === 'sealed' ? 'event: sealed\ndata: {}\n\n' : chunkEvent(event.number, event.text);
        if (!reply.raw.write(line)) await drained(reply, end);
      }
    } catch (error) {
      // The status line is gone: all that is left is to end the stream, and its follower comes back.
      this.log.warn('A stream of a pilot log broke off', { stamp, error });
    }
    reply.raw.end();
  }
}

function chunkEvent(number: number, text: string): string {
  return `id: ${number}\nevent: chunk\ndata: ${JSON.stringify({ number, text })}\n\n`;
}

function drained(reply: FastifyReply, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    reply.raw.once('drain', resolve);
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
