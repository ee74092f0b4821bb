import { describe, expect, it } from '@jest/globals';
import type { Transport } from '../../../src/contract/index.js';
import { PilotLog } from '../../../src/pilot/log-shipping.js';

/** A server for log chunks that may be away, and keeps the first text of every number. */
class LogServer {
  readonly chunks = new Map<number, string>();
  readonly sent: string[] = [];
  status = 204;
  headers: Record<string, string> = {};
  /** Characters beyond which only last words are taken. */
  most = Infinity;
  loseReplies = 0;
  refused = 0;

  readonly transport: Transport = async ({ path, body }) => {
    const number = Number(path.split('/').pop());
    const { text, last } = JSON.parse(body ?? '{}') as { text: string; last: boolean };
    this.sent.push(`${number}: ${text}`);
    const status = this.text.length + text.length > this.most && !last ? 413 : this.status;
    if (status !== 204) this.refused += 1;
    if (status !== 204) return { status, headers: this.headers, body: '{"code":"log-too-large","detail":"full"}' };
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
    expect(server.text).toMatch(/^\[\d+ characters of the log were dropped: the server did not take them in time\]\n/);
    expect(server.text).toContain('line 99');
    expect(server.text).not.toContain('line 0 ');
  });

  it('keeps its end when the server takes no more of it, and sends that with the last words', async () => {
    const server = new LogServer();
    server.most = 500;
    const log = new PilotLog(() => undefined, { everySeconds: 0.01, shipAt: 100, keepOfEnd: 200 });
    const shipping = new AbortController();
    const shipped = log.ship(server.transport, shipping.signal);
    for (let line = 0; line < 100; line += 1) {
      log.earlier(`line ${line} ${'.'.repeat(40)}`);
      await new Promise(setImmediate);
    }
    while (server.refused === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    shipping.abort();
    await shipped;
    log.earlier('the pilot ends');
    await log.flush(server.transport, 5);
    expect(server.text).toMatch(/^line 0 /);
    expect(server.text).toMatch(/\n\[\d+ characters of the log were dropped: the log had reached its limit\]\n/);
    expect(server.text).toMatch(/line 99 \.+\nthe pilot ends\n$/);
    expect(server.text.length).toBeLessThan(500 + 100 + 200);
  });

  it('is sent later when the server wants it slower, with what came meanwhile', async () => {
    const server = new LogServer();
    const log = new PilotLog(() => undefined, { everySeconds: 0.01, shipAt: 10 });
    server.status = 429;
    server.headers = { 'retry-after': '0.5' };
    const shipping = new AbortController();
    const shipped = log.ship(server.transport, shipping.signal);
    log.earlier('one');
    while (server.refused === 0) await new Promise(setImmediate);
    for (let line = 0; line < 100; line += 1) log.earlier(`line ${line}`);
    server.status = 204;
    while (!server.text.includes('line 99')) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(server.text).toMatch(/^one\nline 0\n/);
    shipping.abort();
    await shipped;
  });

  it('is not sent any more when the pilot has ended for the server', async () => {
    const server = new LogServer();
    server.status = 409;
    const log = new PilotLog(() => undefined);
    log.line('one');
    await log.flush(server.transport, 5);
    log.line('two');
    await log.flush(server.transport, 5);
    expect(server.sent).toHaveLength(1);
  });
});
