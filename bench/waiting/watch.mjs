import { readFileSync } from 'node:fs';

/** What servers, database and Redis have used until now: CPU seconds, statements, commits, claims that were called. */
export async function readUsage(world, metricsUrls) {
  const { servers, services } = world.installation;
  const rows = await world.query("SHOW GLOBAL STATUS WHERE Variable_name IN ('Questions', 'Com_commit')");
  const counted = Object.fromEntries(rows.map(({ Variable_name, Value }) => [Variable_name, Number(Value)]));
  const texts = await Promise.all(metricsUrls.map(async (url) => (await fetch(`${url}/metrics`)).text()));
  return {
    at: performance.now(),
    servers: servers.map(({ pid }) => cpuSecondsOf(pid)).reduce(sum, 0),
    database: cpuSecondsOf(services.mariadb.pid),
    redis: cpuSecondsOf(services.redis.pid),
    statements: counted.Questions,
    commits: counted.Com_commit,
    called: ['got', 'nothing', 'absent']
      .map((outcome) => texts.map((text) => counterOf(text, outcome)).reduce(sum, 0))
      .reduce(sum, 0),
    requests: texts.map(requestsOf).reduce(sum, 0),
  };
}

/** The differences of two {@link readUsage}. */
export function between(before, after) {
  return Object.fromEntries(Object.keys(before).map((name) => [name, after[name] - before[name]]));
}

/** Resident memory of a process (MiB). */
export function memoryOf(pid) {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) / 1_024;
}

function counterOf(text, outcome) {
  const line = new RegExp(`^pilotage_called_claims_total\\{.*outcome="${outcome}".*\\} (\\d+)$`, 'm').exec(text);
  return Number(line?.[1] ?? 0);
}

function requestsOf(text) {
  return [...text.matchAll(/^pilotage_http_request_seconds_count\{.*claim.*\} (\d+)$/gm)]
    .map(([, count]) => Number(count))
    .reduce(sum, 0);
}

function cpuSecondsOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function sum(total, value) {
  return total + value;
}
