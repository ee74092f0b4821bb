import { type DecidedAttempt, type Decision, readLimitKey } from '../wms/index.js';
import { table } from './output.js';

type Candidate = Decision['candidates'][number];

const headings = [
  'task queue',
  'group',
  'owner',
  'group turn',
  'owner turn',
  'priority',
  'first job',
  'waited',
  'passed over',
];

/** An attempt and what decided it, for people. */
export function decisionText(decided: DecidedAttempt): string {
  const { job, attempt, at, vo, site, configurationVersion, taskQueue, turn, decision } = decided;
  const head = `job ${job}, attempt ${attempt}: ${at} at ${site}, configuration ${configurationVersion}`;
  const by =
    turn === null
      ? 'what decided it was not recorded'
      : `task queue ${taskQueue}; use per share: VO ${vo} ${number(turn.vo)}, group ${number(turn.group)}, owner ${number(turn.owner)}`;
  return [head, by, ...(decision === null ? ['not in the sample'] : linesOf(decision))].join('\n');
}

function linesOf(decision: Decision): string[] {
  const { stamp, ce, free, whole, ownerOnly, candidates, leftOut, kept } = decision;
  const rows = candidates.map((one) => [
    one.queue,
    one.group,
    one.ownerSubject === '' ? '(shared)' : one.owner,
    number(one.turn.group),
    number(one.turn.owner),
    one.headPriority,
    one.headJob,
    `${Math.round(one.waited / 1_000)} s`,
    one.queue === decision.chosen.queue ? 'chosen' : reasonOf(one, kept.own),
  ]);
  return [
    `pilot ${stamp} (CE ${ce}) had ${amounts(free)} free of ${amounts(whole)}${ownerOnly === null ? '' : `, only for ${ownerOnly}`}`,
    'in the order of turns:',
    table(headings, rows),
    ...(leftOut === 0 ? [] : [`${leftOut} more that were passed over are not kept`]),
    ...keptLines(decision),
  ];
}

function reasonOf({ mismatch, bar, limits }: Candidate, own: Decision['kept']['own']): string {
  const reasons: string[] = [];
  if (mismatch === 'owner') reasons.push('pilot serves another owner');
  else if (mismatch !== null) reasons.push(mismatch);
  if (bar === 'status') reasons.push('status of its resources');
  if (bar === 'avoided') reasons.push('lost there a moment ago');
  if (bar === 'taken') reasons.push('all known jobs taken');
  if (limits.length > 0) reasons.push(`limit ${limits.map(limitText).join('; ')}`);
  else if (bar === 'limit') reasons.push('limit');
  if (reasons.length === 0 && own !== null && own.until > 0) reasons.push(`pilot kept for ${own.queue}`);
  return reasons.join(', ');
}

function limitText(key: string): string {
  const { scope, window } = readLimitKey(key);
  const names = Object.entries(scope).flatMap(([name, value]) => (name === 'subject' ? [] : [`${name}=${value}`]));
  return [names.length === 0 ? 'all jobs' : names.join(' '), ...(window === null ? [] : [`in ${window} s`])].join(' ');
}

function keptLines({ stamp, kept: { patience, own, pilots, leftOut } }: Decision): string[] {
  const lines = [];
  if (own !== null && own.until > 0) lines.push(`this pilot was kept free for task queue ${own.queue}`);
  if (own !== null && own.until <= 0) lines.push(`this pilot had been kept free for task queue ${own.queue} in vain`);
  for (const one of pilots) {
    if (one.stamp !== stamp) lines.push(`pilot ${one.stamp} was kept free for task queue ${one.queue}`);
  }
  if (leftOut > 0) lines.push(`${leftOut} more pilots were kept free for these task queues`);
  if (patience !== Infinity) lines.push(`pilots are kept free for what has waited ${patience / 1_000} s`);
  return lines;
}

function amounts({ processors, memory, gpus }: Decision['free']): string {
  return `${processors} cores, ${memory} MB, ${gpus} GPUs`;
}

function number(value: number): string {
  return String(Math.round(value * 1_000) / 1_000);
}
