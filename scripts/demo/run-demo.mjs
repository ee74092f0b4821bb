import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startInstallation } from '../installation/index.mjs';
import { root } from '../root.mjs';
import { commandOf } from './command.mjs';
import { demoJobs } from './jobs.mjs';
import { finalStates, Progress } from './progress.mjs';

const say = (line) => console.log(line);
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const user = { vo: 'demo', group: 'demo_user', user: 'alice' };

/** Starts the installation of the demo in `folder`. */
export function startDemo({ folder }) {
  return startInstallation({
    folder,
    configuration: readFileSync(join(root, 'examples', 'demo.yml'), 'utf8'),
    log: (line) => say(`demo: ${line}`),
  });
}

/** Submits, follows, kills one, compares, shows; answers the exit code. `signalled` tells that the user wants out. */
export async function runDemo(installation, signalled) {
  const quiet = commandOf(installation, await installation.token(user));
  say(`demo: server at ${installation.url}, site Demo.Local, user alice of VO demo\n`);
  const jobs = await submitAll(commandOf(installation, await installation.token(user), say));
  await follow(quiet, jobs, signalled);
  if (signalled() !== 0) return signalled();
  const outputs = join(installation.folder, 'outputs');
  const wrong = await compare(quiet, jobs, outputs);
  await showOne(commandOf(installation, await installation.token(user), say), jobs, outputs);
  const sealed = await waitForLogs(quiet, signalled);
  for (const line of wrong) say(`demo: ${line}`);
  const expected = jobs.length - wrong.length;
  say(`\ndemo: ${expected} jobs as expected, ${sealed.sealed} pilot logs sealed`);
  return wrong.length === 0 && sealed.all ? 0 : 1;
}

/** Says how to use what runs, and waits for Ctrl-C. */
export async function keepDemo(installation, signalled) {
  const token = await installation.token(user);
  const administrator = await installation.token({ vo: 'demo', group: 'demo_admin', user: 'root' });
  say(`
It stays up until Ctrl-C. In another terminal, in this folder:

  export PILOTAGE_URL=${installation.url} PILOTAGE_CA=${installation.ca}
  export PILOTAGE_TOKEN=${token}
  node bin/pilotage.js job submit examples/jobs/hello.jdl
  node bin/dstat.js --watch

An administrator's token: ${administrator}
Logs of server and agents: ${installation.folder}/*.log`);
  while (signalled() === 0) await pause(200);
}

async function submitAll(command) {
  const jobs = [];
  for (const example of demoJobs) {
    const printed = await command('pilotage', 'job', 'submit', join('examples', 'jobs', example.file), '--json');
    const ids = JSON.parse(printed).map((job) => job.JobID);
    if (ids.length !== example.count) throw new Error(`${example.file} made ${ids.length} jobs, not ${example.count}`);
    jobs.push(...ids.map((id) => ({ id, ...example })));
  }
  return jobs;
}

async function follow(command, jobs, signalled) {
  const progress = new Progress(jobs.length);
  const victim = jobs.find((job) => job.ends === 'Killed');
  let killed = false;
  const deadline = Date.now() + 180_000;
  for (;;) {
    const rows = JSON.parse(await command('dstat', '--StatusAll', '--Fmt', 'json', ids(jobs)));
    progress.show(rows);
    for (const job of jobs) job.row = rows.find((row) => row.JobID === job.id);
    if (!killed && victim.row?.Status === 'Running') {
      killed = true;
      await command('dkill', String(victim.id));
    }
    if (rows.every((row) => finalStates.includes(row.Status)) || signalled() !== 0) break;
    if (Date.now() > deadline) throw new Error('not all jobs ended within three minutes');
    await pause(500);
  }
  progress.end();
}

async function compare(command, jobs, outputs) {
  const wrong = jobs
    .filter((job) => job.row?.Status !== job.ends)
    .map((job) => `job ${job.id} (${job.file}) is ${job.row?.Status} (${job.row?.MinorStatus}), expected ${job.ends}`);
  const withOutput = jobs.filter((job) => job.contains !== undefined && job.row?.Status === job.ends);
  await command('doutput', '--OutputDir', outputs, ids(withOutput));
  const seen = new Set(await readdir(outputs));
  for (const job of withOutput) {
    const text = seen.has(String(job.id)) ? await readFile(join(outputs, String(job.id), 'std.out'), 'utf8') : null;
    if (text === null || !job.contains.test(text))
      wrong.push(`job ${job.id} (${job.file}) printed ${JSON.stringify(text)}`);
  }
  return wrong;
}

async function showOne(command, jobs, outputs) {
  const job = jobs.find(({ file }) => file === 'sandbox.jdl');
  say(`\nThe output sandbox of job ${job.id}, as doutput fetched it:`);
  const files = await readdir(join(outputs, String(job.id)), { recursive: true, withFileTypes: true });
  for (const file of files.filter((entry) => entry.isFile())) {
    const path = join(file.parentPath ?? file.path, file.name);
    say(`  ${file.name}: ${JSON.stringify(await readFile(path, 'utf8'))}`);
  }
  say('');
  say(await command('dlogging', String(job.id)));
  say(await command('pilotage', 'job', 'show', String(job.id)));
  const [pilot] = JSON.parse(await command('pilotage', 'pilot', 'list', '--job', String(job.id), '--json'));
  const log = await command('pilotage', 'pilot', 'log', pilot.PilotStamp);
  say(log.split('\n').slice(0, 25).join('\n'));
}

async function waitForLogs(command, signalled) {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const pilots = JSON.parse(await command('pilotage', 'pilot', 'list', '--json'));
    const details = await Promise.all(
      pilots.map(async ({ PilotStamp }) =>
        JSON.parse(await command('pilotage', 'pilot', 'show', PilotStamp, '--json')),
      ),
    );
    const sealed = details.filter(({ log }) => log.state === 'sealed').length;
    const all = pilots.length > 0 && details.every(({ log }) => log.state === 'sealed');
    if (all || signalled() !== 0 || Date.now() > deadline) return { sealed, all };
    await pause(500);
  }
}

function ids(jobs) {
  return jobs.map(({ id }) => id).join(',');
}
