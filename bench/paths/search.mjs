import { analyse, insertJobs, insertTaskQueues } from '../rows.mjs';
import { group } from '../world.mjs';

export const unit = 'pages';
const perPage = 25;
const owners = Array.from({ length: 100 }, (_, index) => `owner${index}`);

/** So many jobs of a hundred owners: one in five Waiting, one in ten Running, one in ten Failed, the others Done. */
export async function prepare(world, { rows }) {
  const queues = await insertTaskQueues(world, owners);
  const states = ['Done', 'Waiting', 'Done', 'Running', 'Done', 'Failed', 'Done', 'Waiting', 'Done', 'Done'];
  // Not aligned with the order of the queues, so that every owner has jobs in all states.
  await insertJobs(world, queues, {
    count: rows,
    statusOf: (index) => states[(index + Math.floor(index / 1_000)) % 10],
  });
  await analyse(world);
  return { load: { token: world.userToken(owners[0]) }, raw: {} };
}

/** In turn: the latest jobs of an owner, the finished ones of an owner, all running ones; always with the total. */
function conditionOf(number) {
  const owner = owners[(number * 7) % owners.length];
  const kinds = [{ Owner: owner }, { Owner: owner, Status: 'Done' }, { Status: 'Running' }];
  return kinds[number % kinds.length];
}

/** Each request is a page of twenty-five jobs, newest first. */
export function loadOf({ token }) {
  let number = 0;
  const totals = new Map();
  return {
    next() {
      const memory = conditionOf(number++);
      const search = Object.entries(memory).map(([parameter, value]) => ({ parameter, operator: 'eq', value }));
      const body = { search, sort: [{ parameter: 'JobID', direction: 'desc' }] };
      return { method: 'POST', path: `/api/jobs/search?page=1&per_page=${perPage}`, token, body, units: 1, memory };
    },
    accept({ status, head, body }, condition) {
      const total = Number(/\r\ncontent-range: jobs 0-24\/(\d+)/i.exec(head)?.[1]);
      if (status !== 206 || !Number.isInteger(total)) throw new Error(`search: ${status} ${body.slice(0, 500)}`);
      const rows = JSON.parse(body);
      const fits = rows.every((row) => Object.entries(condition).every(([name, value]) => row[name] === value));
      if (rows.length !== perPage || !fits) throw new Error('a page shows the wrong jobs');
      totals.set(JSON.stringify(condition), total);
    },
    summary: () => totals,
  };
}

/** The totals of the replies are those of the database; nothing changes the jobs meanwhile. */
export async function verify(world, _prepared, { summary: totals }) {
  const problems = [];
  for (const [text, total] of totals) {
    const { sql, values } = whereOf(JSON.parse(text));
    const count = await world.number(`SELECT COUNT(*) FROM jobs WHERE ${sql}`, values);
    if (count !== total) problems.push(`${text}: ${total} instead of ${count} jobs`);
  }
  return problems;
}

function whereOf({ Owner, Status }) {
  const parts = [
    ['vo', group.vo],
    ['owner', Owner],
    ['status', Status],
  ].filter(([, value]) => value !== undefined);
  return { sql: parts.map(([column]) => `${column} = ?`).join(' AND '), values: parts.map(([, value]) => value) };
}

/** The same pages and totals, two statements each, on eight connections. */
export function rawOf() {
  let number = 0;
  return {
    connections: 8,
    async write(connection) {
      const { sql, values } = whereOf(conditionOf(number++));
      await connection.query(`SELECT * FROM jobs WHERE ${sql} ORDER BY job_id DESC LIMIT ${perPage}`, values);
      await connection.query(`SELECT COUNT(*) FROM jobs WHERE ${sql}`, values);
      return 1;
    },
  };
}
