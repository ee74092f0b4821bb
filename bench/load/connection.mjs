import { readFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import { connect as connectTls } from 'node:tls';

const blankLine = Buffer.from('\r\n\r\n');

/**
 * One connection that stays open, with one request under way: HTTP/1.1 as this server answers it (Content-Length, or no
 * body). Node's own client costs several times as much CPU, which the server under test would lack.
 */
export class Connection {
  #socket;
  #received = Buffer.alloc(0);
  #settle = null;

  constructor(socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the server closed the connection')));
  }

  /** Sends a whole request; settles with `{ status, head, body }`. */
  send(request) {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#socket.write(request);
    });
  }

  close() {
    this.#socket.removeAllListeners('close');
    this.#socket.destroy();
  }

  #take(chunk) {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const end = this.#received.indexOf(blankLine);
    if (end < 0) return;
    const head = this.#received.toString('latin1', 0, end);
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
    const from = end + blankLine.length;
    if (this.#received.length < from + length) return;
    const body = this.#received.toString('utf8', from, from + length);
    this.#received = this.#received.subarray(from + length);
    const settle = this.#settle;
    this.#settle = null;
    settle?.resolve({ status: Number(head.slice(9, 12)), head, body });
  }

  #fail(error) {
    const settle = this.#settle;
    this.#settle = null;
    settle?.reject(error);
  }
}

/** Opens a connection to the server at `url`; with `ca` (path of a PEM file) for HTTPS. */
export function openConnection(url, ca) {
  const { hostname: host, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket =
      ca === null
        ? connectPlain({ host: '127.0.0.1', port })
        : connectTls({ host: '127.0.0.1', port, servername: host, ca: readFileSync(ca) });
    socket.once(ca === null ? 'connect' : 'secureConnect', () => {
      socket.off('error', reject);
      resolve(new Connection(socket));
    });
    socket.once('error', reject);
  });
}

/** The bytes of a request with a JSON body. */
export function requestOf({ method, path, token, body, key }) {
  const text = JSON.stringify(body);
  const once = key === undefined ? '' : `idempotency-key: ${key}\r\n`;
  const head = `${method} ${path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${token}\r\n${once}`;
  return `${head}content-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
}
