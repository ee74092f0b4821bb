import { describe, expect, it } from '@jest/globals';
import type { Transport } from '../../../src/contract/index.js';
import { PilotLog } from '../../../src/pilot/log-shipping.js';

/** A server for log chunks that may be away, and keeps the first text of every number. */
class LogServer {
  readonly chunks = new Map<number, string>();
  readonly sent: string[] = [];
  status = 204;
  loseReplies = 0;

  readonly transport: Transport = async ({ path, body }) => {
    const number = Number(path.split('/').pop());
    const { text } = JSON.parse(body ?? '{}') as { text: string };
    this.sent.push(`${number}: ${text}`);
    if (this.status !== 204)
      return { status: this.status, headers: {}, body: '{"code":"log-too-large","detail":"full"}' };
    if (!this.chunks.has(number)) this.chunks.set(number, text);
    if (this.loseReplies-- > 0) throw new Error('the reply was lost');
    return { status: 204, headers: {}, body: '' };
  };

  get text(): string {
    return [...this.chunks]
      .toSorted(([a], [b]) => a - b)
      .map(([, text]) => text)
      .join('');
  }
}

describe('the log of a pilot', () => {
  it('arrives whole and in order, the lines of the wrapper first, although replies get lost', async () => {
    const server = new LogServer();
    let printed = '';
    const log = new PilotLog((text) => void (printed += text));
    log.earlier('wrapper: first\n');
    log.line('second');
    server.loseReplies = 2;
    await log.flush(server.transport, 0);
    log.line('third');
    await log.flush(server.transport, 5);
    expect(server.text).toBe(`wrapper: first\n${printed}`);
    expect(server.sent[1]).toBe(server.sent[0]);
    expect(printed).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z second\n\d{4}.* third\n$/);
  });

  it('is sent in chunks that the server takes', async () => {
    const server = new LogServer();
    const log = new PilotLog(() => undefined);
    log.earlier('x'.repeat(600_000));
    await log.flush(server.transport, 5);
    expect([...server.chunks.values()].every((text) => text.length <= 262_144)).toBe(true);
    expect(server.text.length).toBe(600_001);
  });

  it('drops its oldest lines while the server is away for too long, and says so', async () => {
    const server = new LogServer();
    const log = new PilotLog(() => undefined, { keep: 1000, shipAt: 100 });
    for (let line = 0; line < 100; line += 1) log.earlier(`line ${line} ${'.'.repeat(40)}`);
    await log.flush(server.transport, 5);
    expect(server.text).toMatch(/^\[\d+ characters of the log were dropped: the server was away\]\n/);
    expect(server.text).toContain('line 99');
    expect(server.text).not.toContain('line 0 ');
  });

  it('is not sent any more when the server wants no more', async () => {
    const server = new LogServer();
    server.status = 413;
    const log = new PilotLog(() => undefined);
    log.line('one');
    await log.flush(server.transport, 5);
    log.line('two');
    await log.flush(server.transport, 5);
    expect(server.sent).toHaveLength(1);
  });
});
