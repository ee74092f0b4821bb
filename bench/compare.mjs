import { readFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const usage = `node bench/compare.mjs --only PATH [--rounds 8] [--seconds 1] [--batch 1] OLD NEW…

Which of several built checkouts costs less CPU per operation, on a machine that others use too: all run at once, each
with its own database, and get the load in turns of a second. PATH is one of those of npm run bench, or claimLhcb, with jobs
of a real queue, --batch in a claim. Prints for each the least CPU time per operation of server and database (ms), and
the median of its ratio to OLD in the same round. Rates say little here.`;

/** CPU milliseconds of a process, its kernel time included. */
function cpuOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** A checkout under load: the path's module, connections that stay open, and what each round cost. */
async function start(folder, path, batch) {
  const from = (file) => import(pathToFileURL(join(folder, file)).href);
  // Programs are started relative to the checkout.
  process.chdir(folder);
  const options = { https: false, rows: 100_000, waiting: 100_000, batch, connections: 64, 'bulk-connections': 4 };
  const scratch = mkdtempSync(join(tmpdir(), 'pilotage-compare-'));
  const { startWorld } = await from('bench/world.mjs');
  const world = await startWorld({ folder: scratch, options, log: () => undefined });
  const module = await from(`bench/paths/${path}.mjs`);
  const prepared = await module.prepare(world, options);
  await world.restartServer([]);
  const { openConnection, requestOf } = await from('bench/load/connection.mjs');
  const count = module.connectionsOf?.(options) ?? options.connections;
  const connections = await Promise.all(Array.from({ length: count }, () => openConnection(world.url, null)));
  return {
    folder,
    scratch,
    world,
    module,
    prepared,
    requestOf,
    connections,
    load: module.loadOf(prepared.load),
    rounds: [],
  };
}

/** Load for so many seconds; gives the CPU time per operation. */
async function round({ world, connections, load, requestOf }, seconds) {
  const pids = [world.serverPid, world.installation.services.mariadb.pid];
  const before = pids.map(cpuOf);
  const until = performance.now() + seconds * 1_000;
  let done = 0;
  const drive = async (connection, index) => {
    while (performance.now() < until) {
      const { units, memory, ...request } = load.next(index);
      const reply = await connection.send(requestOf(request));
      done += load.accept(reply, memory) ?? units;
    }
  };
  await Promise.all(connections.map(drive));
  const [server, database] = pids.map((pid, at) => (cpuOf(pid) - before[at]) / done);
  return { server, database };
}

async function stop({ scratch, world, module, prepared, load, connections, folder }) {
  const problems = await module.verify(world, prepared, { summary: load.summary() });
  for (const problem of problems) console.error(`${folder}: ${problem}`);
  for (const connection of connections) connection.close();
  await world.stop();
  rmSync(scratch, { recursive: true, force: true });
  return problems.length;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    rounds: { type: 'string', default: '8' },
    seconds: { type: 'string', default: '1' },
    batch: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help || values.only === undefined || positionals.length < 2) {
  console.log(usage);
  process.exit(values.help ? 0 : 2);
}
const folders = positionals.map((folder) => resolve(folder));
const sides = [];
for (const folder of folders) sides.push(await start(folder, values.only, Number(values.batch)));
for (const side of sides) await round(side, Number(values.seconds));
for (let turn = 0; turn < Number(values.rounds); turn += 1) {
  // The one who begins has an advantage or not: they take turns in that too.
  for (const side of turn % 2 === 0 ? sides : sides.toReversed())
    side.rounds.push(await round(side, Number(values.seconds)));
}
const [old] = sides;
const total = ({ server, database }) => server + database;
for (const { folder, rounds } of sides) {
  const ratios = rounds.map((one, turn) => total(one) / total(old.rounds[turn])).toSorted((a, b) => a - b);
  const least = (name) => Math.min(...rounds.map((one) => one[name])).toFixed(3);
  const ratio = ratios[Math.floor(ratios.length / 2)].toFixed(2);
  console.log(`${values.only}  server ${least('server')}  database ${least('database')}  ratio ${ratio}  ${folder}`);
}
let problems = 0;
for (const side of sides) problems += await stop(side);
process.exit(problems === 0 ? 0 : 1);
