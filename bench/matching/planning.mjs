#!/usr/bin/env node
/**
 * CPU of planning alone, without a database: µs per claim in `distribute`, by the number of task queues and how they are
 * spread over owners. Build first: node scripts/build.mjs. Usage: node bench/matching/planning.mjs [claims]
 */
import { distribute } from '../../dist/wms/matching/distribute.js';
import { Stock } from '../../dist/wms/matching/stock.js';
import { capabilityOf } from '../../dist/wms/task-queues/capability.js';
import { canonical } from '../../dist/wms/task-queues/requirements.js';
import { ShareLedger } from '../../dist/wms/task-queues/share-ledger.js';
import { WaitingQueues } from '../../dist/wms/task-queues/waiting-queues.js';

const claims = Number(process.argv[2] ?? 50_000);
const perBatch = 32;
const sites = Array.from({ length: 60 }, (_, at) => `site${at}`);
const segments = [21_600, 43_200, 86_400, 172_800, 259_200];

/** A repeatable source of numbers below `n`. */
let seed = 42;
function random(n) {
  seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
  return (seed >>> 8) % n;
}

function requirementsOf(at, niche) {
  const few = Array.from({ length: niche ? 1 + random(2) : 5 + random(30) }, () => sites[random(60)]);
  return canonical({
    sites: few, bannedSites: [], ces: [], platforms: [`p${random(8)}`, `p${random(8)}`], jobType: `type${at % 11}`,
    tags: [], minProcessors: 1 + (at % 4 === 0 ? random(8) : 0), maxProcessors: 8, wholeNode: false,
    minRam: 500 * random(8), gpus: 0, cpuWork: segments[random(5)], wallTime: null,
  }); // prettier-ignore
}

/** So many task queues, each of a class of its own; `dominant`: 80 % of them belong to one owner. */
function world(count, owners, dominant) {
  const queues = new WaitingQueues(() => 0);
  const jobs = new Map();
  let next = 1;
  for (let id = 1; id <= count; id += 1) {
    const owner = dominant && random(100) < 80 ? 'o0' : `o${random(owners)}`;
    const definition = { id, classId: id, vo: 'lhcb', group: `g${owner.length % 3}`, ownerSubject: owner, owner };
    queues.put({ ...definition, requirements: requirementsOf(id, id % 10 === 0) }, aheadOf(id), false);
  }
  function aheadOf(queue) {
    return Array.from({ length: 16 }, () => {
      jobs.set(next, queue);
      next += 1 + random(5);
      return { headPriority: 1, headJob: next - 1 };
    });
  }
  return { queues, aheadOf };
}

function offer(cores) {
  const place = capabilityOf({
    sites: [sites[random(60)]],
    ces: ['ce'],
    platforms: [`p${random(8)}`],
    tags: ['multiprocessor'],
  });
  const free = {
    processors: cores,
    memory: 2_000 * cores,
    gpus: 0,
    cpuWorkLeft: 1e5 + random(300_000),
    wallLeft: 1e6,
    idle: true,
  };
  return { stamp: 's', vo: 'lhcb', site: 'x', ce: 'ce', place, free, owner: null, separates: true, given: [] };
}

async function measure(count, owners, dominant, jobsPerClaim) {
  const { queues, aheadOf } = world(count, owners, dominant);
  const ledger = new ShareLedger({ halfLifeSeconds: 604_800, creditSeconds: 3_600 }, () => [1, 1, 1], 0);
  const source = {
    next: async (orders) => orders.map(() => []),
    known: async (jobs) =>
      jobs.map(({ headJob, headPriority }) => ({ job_id: headJob, user_priority: headPriority, owner_subject: 'o' })),
  };
  let given = 0;
  let empty = 0;
  async function batch(now) {
    const claimers = Array.from({ length: perBatch }, () => ({ ...offer(jobsPerClaim), wants: jobsPerClaim }));
    const stock = new Stock(queues, source);
    const uses = await distribute(claimers, {
      stock,
      turnsWith: (planned) => ledger.turns(now, planned),
      now: now * 1_000,
    });
    for (const { entity, used } of uses) {
      ledger.charge(entity, used, now);
      queues.order.settle(entity, used);
    }
    for (const id of stock.settle()) {
      queues.put(queues.get(id), aheadOf(id), false);
    }
    for (const claimer of claimers) {
      given += claimer.given.length;
      if (claimer.given.length === 0) empty += 1;
    }
  }
  const batches = Math.ceil(claims / perBatch / jobsPerClaim);
  const cold = process.cpuUsage();
  for (let at = 0; at < batches / 4; at += 1) await batch(at / 50);
  const warm = process.cpuUsage();
  [given, empty] = [0, 0];
  for (let at = 0; at < batches; at += 1) await batch(batches / 200 + at / 50);
  const done = process.cpuUsage(warm);
  const micros = (done.user + done.system) / (batches * perBatch);
  const coldMicros = (warm.user + warm.system - cold.user - cold.system) / ((batches / 4) * perBatch);
  console.log(
    [count, owners, dominant ? '80 %' : 'even', jobsPerClaim, micros.toFixed(1), coldMicros.toFixed(1), (given / (batches * perBatch)).toFixed(2), empty].join('\t'),
  ); // prettier-ignore
}

console.log('queues\towners\tspread\tjobs/claim\tµs/claim\tcold µs\tgiven/claim\tempty');
for (const jobsPerClaim of [1, 8]) {
  await measure(500, 30, false, jobsPerClaim);
  await measure(1_000, 30, false, jobsPerClaim);
  await measure(50_000, 500, false, jobsPerClaim);
  await measure(50_000, 500, true, jobsPerClaim);
  await measure(50_000, 5_000, false, jobsPerClaim);
}
