import { readFileSync } from 'node:fs';

/**
 * What a run costs, until `stop(generatorSeconds)`: the largest resident memory of the processes (MiB; of the server alone
 * the largest of all servers), the CPU seconds of the processes that take part, the statements and commits that the database ran, and how much of all CPUs everybody else on
 * the machine used meanwhile (percent): figures of a run with more than a few percent are lower limits only. Linux.
 */
export async function watchCosts(world) {
  const { servers, services } = world.installation;
  const serverPids = servers.map(({ pid }) => pid);
  const pids = { server: serverPids, database: [services.mariadb.pid], redis: [services.redis.pid] };
  const counted = await statementsOf(world);
  const before = { busy: machineSeconds(), own: secondsOf(pids), self: process.cpuUsage() };
  return {
    async stop(generatorSeconds) {
      const after = { busy: machineSeconds(), own: secondsOf(pids) };
      const { user, system } = process.cpuUsage(before.self);
      const cpuSeconds = { generator: generatorSeconds };
      for (const name of Object.keys(pids)) cpuSeconds[name] = after.own[name] - before.own[name];
      const ours = Object.values(cpuSeconds).reduce((sum, seconds) => sum + seconds, (user + system) / 1e6);
      const others = after.busy.busy - before.busy.busy - ours;
      const othersCpuPercent = Math.max(0, Math.round((others / (after.busy.all - before.busy.all)) * 100));
      const { statements, commits } = await statementsOf(world);
      const rssMiB = Object.fromEntries(Object.entries(pids).map(([name, of]) => [name, of.map(peakMiB)]));
      return {
        serverRssMiB: Math.max(...rssMiB.server),
        rssMiB,
        cpuSeconds,
        othersCpuPercent,
        statements: statements - counted.statements,
        commits: commits - counted.commits,
      };
    },
  };
}

/** The kernel's own mark: the most that the process ever had in memory. */
function peakMiB(pid) {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Math.round(Number(kilobytes) / 1024);
}

/** What the database has run since it started. */
async function statementsOf(world) {
  const rows = await world.query("SHOW GLOBAL STATUS WHERE Variable_name IN ('Questions', 'Com_commit')");
  const { Questions: statements, Com_commit: commits } = Object.fromEntries(
    rows.map(({ Variable_name, Value }) => [Variable_name, Number(Value)]),
  );
  return { statements, commits };
}

function secondsOf(pids) {
  const sumOf = (of) => of.reduce((sum, pid) => sum + cpuSecondsOf(pid), 0);
  return Object.fromEntries(Object.entries(pids).map(([name, of]) => [name, sumOf(of)]));
}

/** CPU seconds of a process, its kernel time included; the kernel counts in hundredths. */
function cpuSecondsOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** CPU seconds of the whole machine since it started: those that something ran in, and all. */
function machineSeconds() {
  const fields = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0].trim().split(/\s+/).slice(1, 9).map(Number);
  const all = fields.reduce((sum, value) => sum + value, 0) / 100;
  return { all, busy: all - (fields[3] + fields[4]) / 100 };
}
