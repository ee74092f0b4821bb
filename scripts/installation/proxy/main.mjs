// A reverse proxy for tests: hands connections on as they are, so TLS and HTTP are between client and server.
// usage: node main.mjs PORT CA-FILE|- SERVER-URL…
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { pipeline } from 'node:stream';
import { Backend } from './backend.mjs';

const [port, caFile, ...urls] = process.argv.slice(2);
const ca = caFile === '-' ? undefined : readFileSync(caFile, 'utf8');
const backends = urls.map((url) => new Backend(url, ca));
let turn = 0;

/** The servers in the order in which a new connection tries them: those that are ready first, and in turn. */
function candidates() {
  turn = (turn + 1) % backends.length;
  const inTurn = [...backends.slice(turn), ...backends.slice(0, turn)];
  return [...inTurn.filter(({ isReady }) => isReady), ...inTurn.filter(({ isReady }) => !isReady)];
}

function handOver(client, [backend, ...others]) {
  if (backend === undefined) return client.destroy();
  const server = backend.connect();
  // Nothing was sent yet, so another server may have the connection.
  const next = () => handOver(client, others);
  server.once('error', next);
  server.once('connect', () => {
    server.off('error', next);
    const over = () => undefined;
    pipeline(client, server, over);
    pipeline(server, client, over);
  });
}

for (const backend of backends) backend.watch();
createServer({ noDelay: true, pauseOnConnect: true }, (client) => {
  // Until a server is found; from then on the pipelines hear of errors.
  client.on('error', () => client.destroy());
  handOver(client, candidates());
}).listen(Number(port), '127.0.0.1');
