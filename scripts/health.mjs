// The container's health check: exit code 0 if the server in it is alive.
import { request as http } from 'node:http';
import { request as https } from 'node:https';

const secure = Boolean(process.env.PILOTAGE_TLS_CERT);
const port = Number((process.env.PILOTAGE_LISTEN ?? '127.0.0.1:8080').split(':').at(-1));

// On loopback the certificate's name cannot fit; whether it is trusted is for clients to say.
(secure ? https : http)(
  { host: '127.0.0.1', port, path: '/api/health/live', rejectUnauthorized: false, timeout: 4_000 },
  (answer) => process.exit(answer.statusCode === 200 ? 0 : 1),
)
  .on('timeout', () => process.exit(1))
  .on('error', () => process.exit(1))
  .end();
