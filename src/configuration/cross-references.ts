import type { Problem } from '../contract/index.js';
import type { Finding } from './finding.js';
import { runningLimitFindings } from './running-limit-findings.js';
import type { Configuration } from './schema.js';

/** What is wrong with a driver and its settings; `path` is where the CE or storage element stands. */
export type CheckDriver = (driver: string, settings: Record<string, unknown>, path: string) => Problem[];

/** How the drivers of computing and storage elements check their settings. */
export interface DriverChecks {
  computingElement: CheckDriver;
  storageElement: CheckDriver;
}

/** What no schema can see: names that lead nowhere, names that only differ in case, limits that contradict each other. */
export function crossReferenceFindings(configuration: Configuration): Finding[] {
  return [
    ...sameButForCase(configuration),
    ...groupFindings(configuration),
    ...limitFindings(configuration),
    ...storageFindings(configuration),
    ...queueFindings(configuration),
    ...runningLimitFindings(configuration),
  ];
}

/** Names compare without case in the database, so two that differ in case only would be one. */
function sameButForCase({ vos, sites, storage }: Configuration): Finding[] {
  const scopes: [string[], object][] = [
    [['vos'], vos],
    [['sites'], sites],
    [['storage', 'elements'], storage.elements],
  ];
  for (const [site, { ces }] of Object.entries(sites)) {
    scopes.push([['sites', site, 'ces'], ces]);
    for (const [ce, { queues }] of Object.entries(ces)) scopes.push([['sites', site, 'ces', ce, 'queues'], queues]);
  }
  return scopes.flatMap(([path, names]) => {
    const seen = new Map<string, string>();
    return Object.keys(names).flatMap((name) => {
      const other = seen.get(name.toLowerCase());
      seen.set(name.toLowerCase(), name);
      return other === undefined ? [] : [{ path: [...path, name], message: `differs from ${other} in case only` }];
    });
  });
}

/** Groups are named without their VO, so each may exist in one VO only. */
function groupFindings({ vos }: Configuration): Finding[] {
  const owners = new Map<string, string>();
  return Object.entries(vos).flatMap(([vo, { groups, default_group }]) => {
    const findings: Finding[] = [];
    for (const group of Object.keys(groups)) {
      const other = owners.get(group.toLowerCase());
      if (other !== undefined) {
        findings.push({ path: ['vos', vo, 'groups', group], message: `the group exists already, in VO ${other}` });
      }
      owners.set(group.toLowerCase(), vo);
    }
    if (!Object.hasOwn(groups, default_group)) {
      findings.push({ path: ['vos', vo, 'default_group'], message: `there is no group ${default_group} in this VO` });
    }
    return findings;
  });
}

function limitFindings({ vos }: Configuration): Finding[] {
  return Object.entries(vos).flatMap(([vo, { jobs }]) => {
    const findings: Finding[] = [];
    const check = (key: keyof typeof jobs, wrong: boolean, message: string): void => {
      if (wrong) findings.push({ path: ['vos', vo, 'jobs', key], message });
    };
    check('max_cpu_work', jobs.max_cpu_work < jobs.min_cpu_work, 'is below min_cpu_work');
    check('max_priority', jobs.max_priority < jobs.min_priority, 'is below min_priority');
    const outside = (value: number, least: number, most: number): boolean => value < least || value > most;
    check(
      'default_cpu_work',
      outside(jobs.default_cpu_work, jobs.min_cpu_work, jobs.max_cpu_work),
      'is not between min_cpu_work and max_cpu_work',
    );
    check(
      'default_priority',
      outside(jobs.default_priority, jobs.min_priority, jobs.max_priority),
      'is not between min_priority and max_priority',
    );
    return findings;
  });
}

function storageFindings({ storage }: Configuration): Finding[] {
  const { sandboxes, pilot_logs, archive } = storage;
  return Object.entries({ sandboxes, pilot_logs, archive })
    .filter(([, name]) => name !== undefined && !Object.hasOwn(storage.elements, name))
    .map(([use, name]) => ({ path: ['storage', use], message: `there is no storage element ${name}` }));
}

function queueFindings({ sites, vos }: Configuration): Finding[] {
  const findings: Finding[] = [];
  for (const [site, { ces }] of Object.entries(sites)) {
    for (const [ce, { queues }] of Object.entries(ces)) {
      for (const [queue, { vos: wanted }] of Object.entries(queues)) {
        const path = ['sites', site, 'ces', ce, 'queues', queue, 'vos'];
        wanted.forEach((vo, index) => {
          if (!Object.hasOwn(vos, vo))
            findings.push({ path: [...path, String(index)], message: `there is no VO ${vo}` });
        });
      }
    }
  }
  return findings;
}

/** What the drivers themselves say of their settings. */
export function driverFindings({ sites, storage }: Configuration, checks: DriverChecks): Finding[] {
  const located = (path: string[], problems: Problem[]): Finding[] =>
    problems.map((problem) => ({
      path: [
        ...path,
        ...problem.path
          .slice(path.join('.').length)
          .split('.')
          .filter((part) => part !== ''),
      ],
      message: problem.message,
    }));
  const findings = Object.entries(storage.elements).flatMap(([name, { driver, ...settings }]) => {
    const path = ['storage', 'elements', name];
    return located(path, checks.storageElement(driver, settings, path.join('.')));
  });
  for (const [site, { ces }] of Object.entries(sites)) {
    for (const [ce, { driver, settings }] of Object.entries(ces)) {
      const path = ['sites', site, 'ces', ce];
      findings.push(...located(path, checks.computingElement(driver, settings, path.join('.'))));
    }
  }
  return findings;
}
