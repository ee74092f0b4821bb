import type { BlackHoleRules } from '../../configuration/index.js';
import { keyOf } from './evidence.js';
import type { Blame } from './judge.js';

/** A site that has fewer hosts cannot do without one of them. */
export const fewestHosts = 3;

/** How large places are. Names are folded. */
export interface Sizes {
  /** Hosts in use, by site. */
  hosts: ReadonlyMap<string, number>;
  /** Cores of running pilots, by key of CE or site; what is missing has none. */
  cores: ReadonlyMap<string, number>;
  allCores: number;
}

/** A place that the machine has set aside already. */
export type Standing = Pick<Blame, 'level' | 'name' | 'site'>;

/** A blame that is not acted on, and why. */
export interface Alarm {
  blame: Blame;
  because: string;
}

/**
 * Which of these may be set aside, the surest first, so that all that is set aside together stays within the caps: hosts
 * (and pilots, each as its host) per site, cores for CEs and sites. The others are alarms. Pure.
 */
export function withinCaps(
  blames: readonly Blame[],
  standing: readonly Standing[],
  sizes: Sizes,
  rules: BlackHoleRules['set_aside'],
): { setAside: Blame[]; alarms: Alarm[] } {
  const hostsAside = new Map<string, number>();
  let coresAside = 0;
  const isNode = ({ level }: Standing): boolean => level === 'pilot' || level === 'host';
  const take = (place: Standing): void => {
    if (isNode(place)) hostsAside.set(place.site, (hostsAside.get(place.site) ?? 0) + 1);
    else coresAside += coresOf(place, sizes);
  };
  for (const place of standing) take(place);
  const setAside: Blame[] = [];
  const alarms: Alarm[] = [];
  for (const blame of blames) {
    const because = refusal(blame);
    if (because === null) {
      take(blame);
      setAside.push(blame);
    } else alarms.push({ blame, because });
  }
  return { setAside, alarms };

  function refusal(blame: Blame): string | null {
    if (!blame.certain) return 'it may be the jobs: all are one owner’s, and nothing like them ran elsewhere';
    if (isNode(blame)) {
      const aside = hostsAside.get(blame.site) ?? 0;
      const most = mostHosts(sizes.hosts.get(blame.site) ?? 0, rules.hosts_of_a_site);
      return aside + 1 <= most ? null : `${aside} of at most ${most} hosts of ${blame.site} are set aside already`;
    }
    const more = coresOf(blame, sizes);
    const most = sizes.allCores * rules.cores;
    if (more > 0 && coresAside + more <= most) return null;
    return `with its ${more} cores, ${coresAside + more} of ${sizes.allCores} would be set aside, more than ${rules.cores * 100} %`;
  }
}

/** How many of a site's hosts may be set aside. */
export function mostHosts(hosts: number, part: number): number {
  if (part === 0 || hosts < fewestHosts) return 0;
  return Math.max(1, Math.floor(hosts * part));
}

function coresOf(place: Standing, { cores }: Sizes): number {
  return cores.get(keyOf(place)) ?? 0;
}
