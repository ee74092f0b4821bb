import type { JobExplanation, PilotExplanation, Reason, TaskQueueExplanation, Waiting } from '../../contract/index.js';
import { shortTime } from '../output/rows.js';
import { printable, renderTable } from '../output/table.js';

/** Why a job waits, on one page. */
export function jobPage(told: JobExplanation): string {
  const { job_id: id, status, task_queue: queue, decision } = told;
  const where = status === 'Waiting' && queue !== null ? ` in task queue ${queue}` : '';
  const chosen =
    decision === null
      ? []
      : [
          `Attempt ${decision.attempt} was chosen ${shortTime(decision.claimed_at)} under configuration ${decision.configuration_version}` +
            (decision.task_queue === null ? '' : ` from task queue ${decision.task_queue}`) +
            (decision.turns === null ? '' : ` at turns ${turns(decision.turns)}`) +
            ` for pilot ${decision.pilot_stamp}.`,
        ];
  return page([`Job ${id} is ${status}${where}.`, ...reasons(told.reasons)], [...waiting(told.waiting), chosen]);
}

/** Why the jobs of a task queue wait, on one page. */
export function taskQueuePage(told: TaskQueueExplanation): string {
  const { task_queue: id, waiting_jobs: jobs, vo, group, owner } = told;
  const whose = [group === null ? null : `group ${group}`, owner === null || owner === '' ? null : `owner ${owner}`];
  const of = [`VO ${vo}`, ...whose.filter((one) => one !== null)].join(', ');
  const asks = told.requirements.map(({ asks: words }) => words).join('; ');
  const head = `Task queue ${id} (${of}): ${jobs.at_least ? 'more than ' : ''}${count(jobs.jobs, 'waiting job')}.`;
  return page([head, `Its jobs ask for ${asks}.`, ...reasons(told.reasons)], waiting(told.waiting));
}

/** Why a pilot got nothing, on one page. */
export function pilotPage(told: PilotExplanation): string {
  const { stamp, status, site, ce, queue, place, task_queues: queues } = told;
  const head = [`Pilot ${stamp} is ${status} at ${site} (${ce}, ${queue}).`, ...reasons(told.reasons)];
  const offer =
    place === null
      ? []
      : [
          `It offered ${count(place.processors, 'processor')}, ${place.memory} MB of memory, ${count(place.gpus, 'GPU')}` +
            (place.wall_left === null ? '' : `, ${Math.round(place.wall_left)} s of wall time`) +
            ` (noted ${shortTime(told.offered_at)}).`,
          `Platforms: ${names(place.platforms)}. Tags: ${names(place.tags)}.` +
            (place.required_tags.length === 0 ? '' : ` It demands the tags ${names(place.required_tags)}.`),
        ];
  const failing =
    queues === null || queues.failing.length === 0
      ? []
      : [
          `Of ${count(queues.waiting, 'waiting task queue')} of its VO ${queues.fitting} fit. What keeps the others away:`,
          ...table(
            ['requirement', 'task queues'],
            queues.failing.map(({ requirement, queues: n }) => [requirement, n]),
          ),
        ];
  return page(head, [offer, failing]);
}

function waiting(told: Waiting | null): string[][] {
  if (told === null) return [];
  const { fit, estimate } = told;
  const changes = fit.changes.map(
    ({ words, then }, at) =>
      `${at === 0 ? 'To make it run' : '            or'}: ${words} — then ${resources(then)} would do.`,
  );
  const rows = fit.requirements.map(({ requirement, asks, pass, fail, left }) => [
    requirement,
    asks,
    part(pass.queues, fail.queues),
    part(pass.pilots, fail.pilots),
    `${left.queues} + ${left.pilots}`,
  ]);
  const heads = ['requirement', 'asked for', 'queues', 'pilots', 'left'];
  const places = fit.places.map(({ site, ce, queue, pilots, trouble }) => [
    `${site} (${ce}, ${queue})`,
    pilots,
    trouble ?? '',
  ]);
  return [
    changes,
    rows.length === 0
      ? []
      : [
          'Known queues and pilots that pass; left are those that pass all from the first line on:',
          ...table(heads, rows),
        ],
    places.length === 0 ? [] : ['Places that fit:', ...table(['place', 'pilots', 'trouble'], places)],
    fit.fitting.queues + fit.fitting.pilots === 0 ? [] : [`${estimate.words}.`],
  ];
}

function reasons(list: readonly Reason[]): string[] {
  return list.map(({ text }) => `- ${text.replace(/\.$/, '')}.`);
}

function table(columns: readonly string[], rows: readonly (readonly (string | number)[])[]): string[] {
  const named = rows.map((row) => Object.fromEntries(columns.map((column, at) => [column, row[at] ?? ''])));
  return renderTable(columns, named)
    .trimEnd()
    .split('\n')
    .map((line) => `  ${line.trimEnd()}`);
}

/** Paragraphs with blank lines between them; empty ones are left out. */
function page(head: readonly string[], rest: readonly (readonly string[])[]): string {
  const parts = [head, ...rest].filter((lines) => lines.length > 0).map((lines) => lines.join('\n'));
  return printable(`${parts.join('\n\n')}\n`);
}

function part(pass: number, fail: number): string {
  return `${pass} of ${pass + fail}`;
}

function resources({ queues, pilots }: { queues: number; pilots: number }): string {
  return `${count(queues, 'queue')} and ${count(pilots, 'pilot')}`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

function names(list: readonly string[] | null): string {
  return list === null ? 'any' : list.length === 0 ? 'none' : list.join(', ');
}

function turns({ vo, group, owner }: { vo: number; group: number; owner: number }): string {
  return `VO ${short(vo)}, group ${short(group)}, owner ${short(owner)}`;
}

function short(turn: number): string {
  return turn.toLocaleString('en-US', { maximumSignificantDigits: 3 });
}
