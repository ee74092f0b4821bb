import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { answersAt } from './answers.mjs';
import { Program } from './program.mjs';
import { serverFlags } from '../server-flags.mjs';

export const schemeOf = (tls) => (tls ? 'https' : 'http');

/** A server that is ready when it answers with a certificate of our own CA: then it is the one that we started. */
export function serverProgram(port, number, { folder, settings, ca, tls, serverOptions }) {
  return new Program(`server ${number}`, [...serverFlags, ...serverOptions, 'dist/main.js'], {
    environment: { ...settings, PILOTAGE_LISTEN: `127.0.0.1:${port}` },
    logFile: join(folder, `server-${number}.log`),
    ready: answersAt(`${schemeOf(tls)}://localhost:${port}`, '/api/health/ready', readFileSync(ca, 'utf8')),
  });
}

export function agentsProgram(metricsPort, number, { folder, settings }) {
  return new Program(`agents ${number}`, ['dist/agents/main.js'], {
    environment: { ...settings, PILOTAGE_METRICS_LISTEN: `127.0.0.1:${metricsPort}` },
    logFile: join(folder, `agents-${number}.log`),
    ready: answersAt(`http://127.0.0.1:${metricsPort}`, '/health'),
  });
}

/** The proxy at the public URL, in front of the servers at `ports`. */
export function proxyProgram(ports, { folder, settings, ca, tls }) {
  const url = settings.PILOTAGE_PUBLIC_URL;
  const servers = ports.map((port) => `${schemeOf(tls)}://localhost:${port}`);
  const port = new URL(url).port;
  return new Program('proxy', ['scripts/installation/proxy/main.mjs', port, tls ? ca : '-', ...servers], {
    environment: { PATH: settings.PATH },
    logFile: join(folder, 'proxy.log'),
    ready: answersAt(url, '/api/health/ready', readFileSync(ca, 'utf8')),
  });
}
