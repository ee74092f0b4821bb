import { Configuration, queuesOf } from '../configuration/index.js';
import { kindsOf, type PilotKind } from './pilot-model.js';
import { type PilotBehaviour, type Scenario, type SimulatedGrid, usualPilots } from './scenario.js';
import { scaled } from './submitters.js';
import { workloads } from './workloads/index.js';

/** The configuration of a scenario with the sites of its grids, scaled. */
export function scaledConfiguration(scenario: Scenario): Configuration {
  const { configuration } = scenario;
  const sites: Record<string, unknown> = structuredClone(configuration.sites);
  for (const grid of scenario.grids) for (const [name, site] of gridSites(grid)) sites[name] ??= site;
  const parsed = Configuration.parse({ ...configuration, sites });
  for (const vo of Object.values(parsed.vos)) vo.max_pilots = scaled(vo.max_pilots, scenario);
  for (const site of Object.values(parsed.sites)) {
    site.max_pilots = scaled(site.max_pilots, scenario);
    for (const { queues } of Object.values(site.ces)) {
      for (const queue of Object.values(queues)) {
        queue.max_pilots = scaled(queue.max_pilots, scenario);
        queue.max_waiting_pilots = scaled(queue.max_waiting_pilots, scenario);
      }
    }
  }
  return parsed;
}

/** The kinds of pilots that a configuration has, with the behaviour that the scenario gives them. */
export function pilotKinds(configuration: Configuration, behaviours: readonly PilotBehaviour[]): PilotKind[] {
  return queuesOf(configuration).flatMap((queue) => {
    const place = `${queue.site}/${queue.ce}/${queue.queue}`;
    const behaviour = behaviours.findLast(({ where }) => patternOf(where).test(place)) ?? usualPilots;
    return kindsOf(queue, behaviour);
  });
}

function gridSites(grid: SimulatedGrid): [name: string, site: unknown][] {
  const { pilots } = workloads[grid.like](1_000_000);
  const weights = pilots.reduce((sum, { weight }) => sum + weight, 0);
  const sites = new Map<string, Record<string, unknown>>();
  for (const { site, queue, platforms, weight } of pilots) {
    const most = Math.max(1, Math.round((grid.cores / grid.processors) * (weight / weights)));
    const queues = sites.get(site) ?? {};
    queues[queue] = {
      vos: [grid.vo],
      processors: grid.processors,
      memory: grid.memory_per_core * grid.processors,
      max_wall_time: grid.max_wall_time,
      cpu_power: grid.cpu_power,
      platforms,
      max_pilots: most,
      max_waiting_pilots: Math.max(1, Math.ceil(most / 10)),
    };
    sites.set(site, queues);
  }
  return [...sites].map(([site, queues]) => [
    site,
    { max_pilots: 1_000_000, ces: { ce: { driver: 'simulated', queues } } },
  ]);
}

function patternOf(where: string): RegExp {
  return new RegExp(`^${where.split('*').map(escape).join('.*')}$`);
}

function escape(text: string): string {
  return text.replace(/[.+?^${}()|[\]\\]/g, String.raw`\$&`);
}
