import { configurationOf as configurationOfWorkload, prepareMatching } from '../matching/prepare.mjs';
import { group, subjectOf } from '../world.mjs';
import { insertRows, takeIds } from '../rows.mjs';

const kinds = 100;
const misfits = 10;

/** The configuration of a workload, and as many more queues as wanted, twenty at a site. */
export function configurationOf(workload, options) {
  const document = JSON.parse(configurationOfWorkload(workload, options));
  for (let at = 0; at < options.resources; at += 1) {
    const site = `Grid.Site${Math.floor(at / 20)}`;
    document.sites[site] ??= {
      ces: { ce: { driver: 'local', settings: { folder: '@FOLDER@/ce', slots: 1 }, queues: {} } },
    };
    document.sites[site].ces.ce.queues[`q${at % 20}`] = {
      vos: [group.vo], processors: 2 ** (at % 4), memory: 2_000 * (1 + (at % 8)), max_wall_time: 3_600 * (1 + (at % 72)),
      tags: at % 5 === 0 ? ['gpu', 'highmem'] : [],
    }; // prettier-ignore
  }
  return JSON.stringify(document);
}

/** Fills the database; gives jobs, jobs that fit nothing, task queues, and pilots that asked in vain. */
export async function prepareExplain(world, workload, options, log) {
  const { queues, first, count } = await prepareMatching(world, workload, options, log);
  log(`${options.pilots} pilots`);
  const stamps = await insertLivePilots(world, options);
  const odd = await insertMisfits(world, queues[0]);
  await world.query('ANALYZE TABLE jobs, pilots, task_queues');
  return { jobs: { first, count }, misfits: odd, queues: queues.map(({ id }) => id), stamps };
}

/** Running pilots that were heard of just now and offered this; a hundred kinds of nodes at the sites of the grid. */
async function insertLivePilots(world, { pilots, resources }) {
  const columns = ['stamp', 'vo', 'site', 'ce', 'queue', 'status', 'isolation', 'processors', 'tags', 'platforms', 'node', 'bench_mark', 'last_offer', 'last_contact', 'last_offer_at']; // prettier-ignore
  const [{ now }] = await world.query('SELECT CAST(NOW(6) + INTERVAL 1 HOUR AS CHAR) AS now');
  const stamps = Array.from({ length: pilots }, (_, at) => `e1${at.toString(16).padStart(30, '0')}`);
  const rows = stamps.map((stamp, at) => {
    const kind = at % kinds;
    const of = kind % resources;
    const processors = 2 ** (kind % 4);
    const memory = 2_000 * processors + kind;
    const node = { hostname: `wn${at}`, platform: 'x86_64-el9', processors, memory, gpus: 0, cpu_power: 12 };
    // Every other pilot has nothing free, so that nothing fits it.
    const offer = {
      platforms: [], processors: at % 2 === 0 ? processors : 0, memory, gpus: 0, tags: [], required_tags: [], idle: at % 2 === 0,
      cpu_work_left: 1_000_000, wall_left: 86_400,
    }; // prettier-ignore
    return [
      stamp, group.vo, `Grid.Site${Math.floor(of / 20)}`, 'ce', `q${of % 20}`, 'Running', 'bubblewrap', processors,
      '[]', '[]', JSON.stringify(node), 12, JSON.stringify(offer), now, now,
    ]; // prettier-ignore
  });
  await insertRows(world, 'pilots', columns, rows);
  return stamps;
}

/** Waiting jobs that no place can run. */
async function insertMisfits(world, { descriptionId }) {
  const { JobDescription } = await import('../../dist/contract/index.js');
  const { hashOf, requirementsOf } = await import('../../dist/wms/task-queues/requirements.js');
  const requirements = requirementsOf(
    JobDescription.parse({ executable: 'x', tags: ['quantum'], min_processors: 64, sites: ['Grid.Site0'] }),
  );
  const entity = [group.vo, group.group, subjectOf('odd'), 'odd'];
  await world.query('INSERT INTO requirement_classes (hash, requirements) VALUES (?, ?)', [
    hashOf(requirements),
    JSON.stringify(requirements),
  ]);
  await world.query(
    `INSERT INTO task_queues (class_id, vo, owner_group, owner_subject, owner) SELECT MAX(class_id), ?, ?, ?, ? FROM requirement_classes`,
    entity,
  );
  const queue = await world.number('SELECT MAX(task_queue_id) FROM task_queues');
  const first = await takeIds(world, 'jobs', misfits);
  const [{ now }] = await world.query('SELECT CAST(NOW(6) AS CHAR) AS now');
  const ids = Array.from({ length: misfits }, (_, at) => first + at);
  await insertRows(
    world,
    'jobs',
    ['job_id', 'vo', 'owner_subject', 'owner', 'owner_group', 'description_id', 'task_queue_id', 'waiting_in', 'status', 'job_name', 'job_type', 'job_group', 'user_priority', 'submission_time', 'last_update_time'], // prettier-ignore
    ids.map((id) => [id, group.vo, subjectOf('odd'), 'odd', group.group, descriptionId, queue, queue, 'Waiting', 'odd', 'User', '0', 1, now, now]), // prettier-ignore
  );
  return ids;
}
