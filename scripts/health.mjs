// The container's health check: exit code 0 if the program in it is alive. `agents` asks an agents process, which
// answers where PILOTAGE_METRICS_LISTEN says; otherwise the server is asked.
import { request as http } from 'node:http';
import { request as https } from 'node:https';

const agents = process.argv[2] === 'agents';
const { PILOTAGE_TLS_CERT, PILOTAGE_METRICS_LISTEN, PILOTAGE_LISTEN = '127.0.0.1:8080' } = process.env;
const ask = PILOTAGE_TLS_CERT && !agents ? https : http;
const port = Number(((agents ? PILOTAGE_METRICS_LISTEN : PILOTAGE_LISTEN) ?? '').split(':').at(-1));
const path = agents ? '/health' : '/api/health/live';

// On loopback the certificate's name cannot fit; whether it is trusted is for clients to say.
ask({ host: '127.0.0.1', port, path, rejectUnauthorized: false, timeout: 4_000 }, (answer) =>
  process.exit(answer.statusCode === 200 ? 0 : 1),
)
  .on('timeout', () => process.exit(1))
  .on('error', () => process.exit(1))
  .end();
