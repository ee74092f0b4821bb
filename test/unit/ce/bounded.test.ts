import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readBounded, readEnd, readJson, StreamEnd } from '../../../src/ce/bounded-body.js';
import { type CommandOrder, runBounded } from '../../../src/ce/bounded-command.js';

const megabyte = Buffer.alloc(1_048_576, 'a');
const protocol = expect.objectContaining({ kind: 'protocol' });

describe('A reply over HTTP', () => {
  let server: Server;
  let url: string;
  let cutOff: Promise<void>;

  beforeAll(async () => {
    server = createServer((request, response) => {
      if (request.url === '/half') return response.end('{"job":[{"id":"a"');
      if (request.url === '/json') return response.end('{"a":1}');
      cutOff = new Promise((resolve) => response.once('close', resolve));
      const more = (): void => {
        while (!response.destroyed) if (!response.write(megabyte)) return void response.once('drain', more);
      };
      return more();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const bodyOf = (path: string): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => get(url + path, resolve).once('error', reject));

  it('is read as a whole when it is short, also as JSON', async () => {
    expect((await readBounded(await bodyOf('/json'), 7, 'it')).toString()).toBe('{"a":1}');
    expect(await readJson(await bodyOf('/json'), 7, 'it')).toEqual({ a: 1 });
  });

  it('is given up with its connection when it does not end', async () => {
    await expect(readBounded(await bodyOf('/endless'), 3_000_000, 'The list')).rejects.toEqual(protocol);
    await cutOff;
    await expect(readEnd(await bodyOf('/endless'), { keep: 10, limit: 3_000_000, what: 'It' })).rejects.toEqual(
      protocol,
    );
    await cutOff;
  });

  it('is refused as half a JSON with its beginning', async () => {
    await expect(readJson(await bodyOf('/half'), 1_000, 'The list')).rejects.toThrow('it begins: {"job"');
  });
});

describe('The end of a stream', () => {
  it('is the same however the stream is cut into chunks', () => {
    const text = Array.from({ length: 500 }, (_, index) => String(index % 10)).join('');
    for (const size of [1, 7, 64, 99, 100, 101, 499, 500]) {
      const end = new StreamEnd(100);
      for (let at = 0; at < text.length; at += size) end.add(Buffer.from(text.slice(at, at + size)));
      expect(end.bytes().toString()).toBe(text.slice(-100));
    }
  });

  it('is all of a short one', () => {
    const end = new StreamEnd(100);
    end.add(Buffer.from('ab'));
    end.add(Buffer.from('c'));
    expect(end.bytes().toString()).toBe('abc');
  });
});

describe('A command', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pilotage-command-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const order = (script: string, more: Partial<CommandOrder> = {}): CommandOrder => ({
    path: '/bin/sh',
    arguments: ['-c', script],
    environment: { PATH: '/usr/bin:/bin' },
    folder,
    limit: 1_000,
    signal: AbortSignal.timeout(60_000),
    ...more,
  });

  it('gives its exit code and what it wrote, reads its input and has no environment but its own', async () => {
    const script = 'cat; echo "$GREETING|$HOME|$PWD"; echo trouble >&2; exit 3';
    const environment = { PATH: '/usr/bin:/bin', GREETING: 'hello' };
    expect(await runBounded(order(script, { environment, input: 'in\n' }))).toEqual({
      exitCode: 3,
      stdout: `in\nhello||${folder}\n`,
      stderr: 'trouble\n',
    });
  });

  it('is killed with its children when it writes too much', async () => {
    const script = 'sleep 1000 & echo $! > child; yes';
    await expect(runBounded(order(script))).rejects.toEqual(protocol);
    await gone(Number(await readFile(join(folder, 'child'), 'utf8')));
  });

  it('is killed with its children when the signal is aborted, and the reason is thrown', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const running = runBounded(order('sleep 1000 & echo $! > aborted; wait', { signal: controller.signal }));
    const child = await numberIn(join(folder, 'aborted'));
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
    await gone(child);
  });

  it('does not keep its caller when a child that left its group holds the pipes', async () => {
    const controller = new AbortController();
    const script = 'setsid sh -c "echo \\$\\$ > left; exec sleep 1000" & wait';
    const running = runBounded(order(script, { signal: controller.signal }));
    const left = await numberIn(join(folder, 'left'));
    controller.abort(new Error('enough'));
    await expect(running).rejects.toThrow('enough');
    process.kill(left, 'SIGKILL');
  });

  it('keeps the end of a standard error that is too long', async () => {
    const { stderr } = await runBounded(order('head -c 200000 /dev/zero | tr "\\0" x >&2; echo last >&2'));
    expect(stderr).toHaveLength(65_536);
    expect(stderr.endsWith('xlast\n')).toBe(true);
  });

  it('that is not there is a protocol error with its path', async () => {
    await expect(runBounded(order('', { path: '/no/such/command' }))).rejects.toThrow('/no/such/command');
    await expect(runBounded(order('', { path: '/no/such/command' }))).rejects.toEqual(protocol);
  });
});

async function numberIn(path: string): Promise<number> {
  for (;;) {
    const text = await readFile(path, 'utf8').catch(() => '');
    if (text.endsWith('\n')) return Number(text);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function gone(pid: number): Promise<void> {
  const alive = (): Promise<boolean> =>
    readFile(`/proc/${pid}/stat`, 'utf8').then(
      (stat) => !/\) [ZX] /.test(stat),
      () => false,
    );
  while (await alive()) await new Promise((resolve) => setTimeout(resolve, 10));
}
