import { group } from '../world.mjs';

/** An entity is compared when so many of all pilots can run something that it has left: else its share is out of its reach. */
const leastReach = 0.2;

/**
 * How far use is from the shares: of the groups, and of the owners within each group. Use is what claims are charged: the
 * cores granted × the CPU work that their jobs ask for, from the attempts. Only those are compared that have jobs left which
 * pilots can run: what others could not use fell to them. Errors in percent of what an entity should have had.
 */
export async function shareError(world, { groups, pilots }, queues) {
  const all = entitiesOf(queues, await useOf(world), pilots);
  const ofGroups = Object.entries(groups).map(([name, { share }]) => {
    const members = all.filter((entity) => entity.group === name);
    const reach = reachOf(members.flatMap((entity) => [...entity.kinds]), pilots); // prettier-ignore
    return { name, share, used: sumOf(members, 'used'), reach, members };
  });
  const compared = compare(ofGroups);
  const owners = ofGroups.flatMap(({ members }) =>
    compare(
      members.map(({ owner, used, kinds }) => ({
        name: owner,
        share: 1,
        used,
        reach: reachOf(kinds, pilots),
      })),
    ),
  );
  return {
    groups: Object.fromEntries(compared.map(({ name, wanted, got }) => [name, { wanted, got }])),
    groupsPercent: errorsOf(compared),
    owners: owners.length,
    ownersPercent: errorsOf(owners),
  };
}

/** Groups and owners: what they used, what is left of their jobs, and the kinds of pilots that can run some of that. */
function entitiesOf(queues, uses, pilots) {
  const entities = new Map();
  for (const { id, group: name, owner, description, jobs } of queues) {
    const key = `${name} ${owner}`;
    const entity = entities.get(key) ?? { group: name, owner, used: 0, kinds: new Set() };
    entities.set(key, entity);
    const { claims, used } = uses.get(id) ?? { claims: 0, used: 0 };
    entity.used += Number(used);
    if (jobs === Number(claims)) continue;
    for (const kind of pilots) if (!entity.kinds.has(kind) && fits(description, kind)) entity.kinds.add(kind);
  }
  return [...entities.values()];
}

function fits({ sites, banned_sites, platforms }, kind) {
  if (banned_sites.includes(kind.site) || (sites.length > 0 && !sites.includes(kind.site))) return false;
  return platforms.length === 0 || platforms.some((platform) => kind.platforms.includes(platform));
}

async function useOf(world) {
  const rows = await world.query(
    `SELECT q.task_queue_id AS id, COUNT(*) AS claims,
       SUM(a.processors * JSON_VALUE(c.requirements, '$.cpuWork')) AS used
     FROM attempts a JOIN jobs j ON j.job_id = a.job_id
     JOIN task_queues q ON q.task_queue_id = j.task_queue_id JOIN requirement_classes c ON c.class_id = q.class_id
     WHERE a.vo = ? GROUP BY q.task_queue_id`,
    [group.vo],
  );
  return new Map(rows.map((row) => [row.id, row]));
}

/** The part of all pilots that are of these kinds. */
function reachOf(kinds, pilots) {
  return sumOf([...new Set(kinds)], 'weight') / sumOf(pilots, 'weight');
}

function compare(entities) {
  const working = entities.filter(({ reach }) => reach >= leastReach);
  const [shares, used] = [sumOf(working, 'share'), sumOf(working, 'used')];
  return working.map((entity) => ({
    name: entity.name,
    wanted: Number((entity.share / shares).toFixed(4)),
    got: Number((entity.used / used).toFixed(4)),
    percent: Math.abs(entity.used / used / (entity.share / shares) - 1) * 100,
  }));
}

function errorsOf(compared) {
  const errors = compared.map(({ percent }) => percent);
  const mean = sumOf(compared, 'percent') / Math.max(1, compared.length);
  return { largest: Number(Math.max(0, ...errors).toFixed(2)), mean: Number(mean.toFixed(2)) };
}

function sumOf(values, name) {
  return values.reduce((sum, value) => sum + value[name], 0);
}
