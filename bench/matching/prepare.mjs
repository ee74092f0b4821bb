import { JobDescription } from '../../dist/contract/index.js';
import { analyse, aDescription, insertPilots, insertQueues } from '../rows.mjs';
import { documentOf, group } from '../world.mjs';
import { loadJobs } from './load-jobs.mjs';

const pilots = 2_000;
const ce = 'ce1';

/** The configuration of an installation with the groups of a workload, and a queue for each kind of its pilots. */
export function configurationOf({ groups, pilots: kinds }, { batch }) {
  const sites = {};
  for (const { site, queue, platforms } of kinds) {
    sites[site] ??= { ces: { [ce]: { driver: 'local', settings: { folder: '@FOLDER@/ce', slots: 1 }, queues: {} } } };
    sites[site].ces[ce].queues[queue] = {
      vos: [group.vo], processors: Math.max(8, batch), memory: 64_000, max_wall_time: 864_000, platforms,
    }; // prettier-ignore
  }
  const shares = Object.entries(groups).map(([name, { share }]) => [name, { properties: ['NormalUser'], share }]);
  return documentOf({ groups: Object.fromEntries(shares), sites });
}

/** Fills the database with a workload and its pilots; gives what the load, the baseline and the verification need. */
export async function prepareMatching(world, workload, { batch }, log) {
  const parsed = new Map();
  const parse = (description) => {
    if (!parsed.has(description)) parsed.set(description, JobDescription.parse(aDescription(description)));
    return parsed.get(description);
  };
  log(`${workload.queues.length} task queues`);
  const queues = await insertQueues(
    world,
    workload.queues.map((queue) => ({ ...queue, description: parse(queue.description) })),
  );
  const started = performance.now();
  const { first, count } = await loadJobs(world, queues, log);
  const placeOf = turns(workload.pilots);
  const places = Array.from({ length: pilots }, (_, index) => placeOf(index));
  const stamps = await insertPilots(world, 'c1', pilots, (index) => ({ ...places[index], ce }));
  await analyse(world);
  const load = { pilots: stamps.map((stamp) => world.pilotToken(stamp)), batch };
  const raw = { queues: queues.map(({ id, group: owner_group, owner }) => ({ id, owner_group, owner })), stamps };
  return { load, raw, queues, first, count, loadSeconds: (performance.now() - started) / 1_000 };
}

/** Kinds of pilots in turn, each as often as its weight says. */
function turns(kinds) {
  const all = kinds.reduce((sum, { weight }) => sum + weight, 0);
  const due = kinds.map(() => 0);
  return () => {
    kinds.forEach(({ weight }, at) => (due[at] += weight));
    const at = due.indexOf(Math.max(...due));
    due[at] -= all;
    return kinds[at];
  };
}
