import type { Configuration, RunningLimit } from '../../configuration/index.js';
import { foldName } from '../task-queues/requirements.js';
import { keyOf, type Limit, type LimitedJob, type LimitedPlace, type LimitScope, readKey } from './limit.js';

interface RuleList {
  path: string;
  /** What all rules of the list are about. */
  scope: LimitScope;
  rules: readonly RunningLimit[];
}

const attributes = ['vo', 'group', 'owner', 'job_type'] as const;
const minute = 60;
/** What jobs count as that name no job type, or any. */
const anyType = 'any';

/** The limits of a configuration. Pure. */
export class LimitRules {
  private readonly common: RuleList[] = [];
  private readonly ofVo = new Map<string, RuleList>();
  private readonly ofGroup = new Map<string, RuleList>();
  private readonly ofSite = new Map<string, RuleList>();
  private readonly ofCe = new Map<string, RuleList>();
  private readonly lists: readonly RuleList[];
  /** Nothing is limited. */
  readonly isEmpty: boolean;
  /** Some rule is about owners. */
  readonly knowsOwners: boolean;

  constructor({ running_limits: everywhere, vos, sites }: Pick<Configuration, 'running_limits' | 'vos' | 'sites'>) {
    if (everywhere.length > 0) this.common.push({ path: 'running_limits', scope: {}, rules: everywhere });
    const put = (map: Map<string, RuleList>, at: string, list: RuleList): void => {
      if (list.rules.length > 0) map.set(at, list);
    };
    for (const [name, { running_limits: rules, groups }] of Object.entries(vos)) {
      const vo = foldName(name);
      put(this.ofVo, vo, { path: `vos.${name}.running_limits`, scope: { vo }, rules });
      for (const [groupName, { running_limits: ofGroup }] of Object.entries(groups)) {
        const group = foldName(groupName);
        const path = `vos.${name}.groups.${groupName}.running_limits`;
        put(this.ofGroup, placeKey(vo, group), { path, scope: { vo, group }, rules: ofGroup });
      }
    }
    for (const [name, { running_limits: rules, ces }] of Object.entries(sites)) {
      const site = foldName(name);
      put(this.ofSite, site, { path: `sites.${name}.running_limits`, scope: { site }, rules });
      for (const [ceName, { running_limits: ofCe }] of Object.entries(ces)) {
        const ce = foldName(ceName);
        const path = `sites.${name}.ces.${ceName}.running_limits`;
        put(this.ofCe, placeKey(site, ce), { path, scope: { site, ce }, rules: ofCe });
      }
    }
    const byName = [this.ofVo, this.ofGroup, this.ofSite, this.ofCe].flatMap((map) => [...map.values()]);
    this.lists = [...this.common, ...byName];
    this.isEmpty = this.lists.length === 0;
    this.knowsOwners = this.lists.some((list) => list.rules.some(({ owner }) => owner !== undefined));
  }

  /** All that holds for a job at a place, by key. Rules about what is not known of them do not count. */
  of(job: LimitedJob, place: LimitedPlace): Limit[] {
    const known = asKnown(job);
    const { vo, group } = known;
    const site = folded(place.site);
    const ce = folded(place.ce);
    const lists = [
      ...this.common,
      vo === undefined ? undefined : this.ofVo.get(vo),
      vo === undefined || group === undefined ? undefined : this.ofGroup.get(placeKey(vo, group)),
      site === undefined ? undefined : this.ofSite.get(site),
      site === undefined || ce === undefined ? undefined : this.ofCe.get(placeKey(site, ce)),
    ];
    const byKey = new Map<string, Limit>();
    for (const limit of lists.flatMap((list) => (list === undefined ? [] : limitsIn(list, known)))) {
      const other = byKey.get(limit.key);
      if (other === undefined || limit.maximum < other.maximum) byKey.set(limit.key, limit);
    }
    return [...byKey.values()];
  }

  /** The limits of which the rules alone say whom they count: none of "*", of an owner, or of a group of any VO. */
  named(): Limit[] {
    const limits = this.lists.flatMap((list) =>
      list.rules.flatMap((rule) => {
        const { vo = list.scope.vo, group = list.scope.group, owner, job_type: jobType } = rule;
        if ([vo, group, jobType].includes('*') || owner !== undefined || (group !== undefined && vo === undefined))
          return [];
        const job = { vo, group, jobType };
        const keys = new Set(limitsOf(rule, list.path, scopeOf(rule, list.scope, asKnown(job))).map(({ key }) => key));
        return this.of(job, list.scope).filter(({ key }) => keys.has(key));
      }),
    );
    return [...new Map(limits.map((limit) => [limit.key, limit])).values()];
  }

  /** The limit that has this key now; null when no rule makes it any more. */
  withKey(key: string): Limit | null {
    const { scope } = readKey(key);
    const { site, ce, ...job } = scope;
    return this.of(job, { site, ce }).find((limit) => limit.key === key) ?? null;
  }
}

/** Of rules about the same attributes the one counts that names most of them; of two such, the first of the list. */
function limitsIn({ path, scope, rules }: RuleList, job: LimitedJob): Limit[] {
  const chosen = new Map<string, { rule: RunningLimit; index: number; stars: number }>();
  for (const [index, rule] of rules.entries()) {
    if (!isAbout(rule, job)) continue;
    const about = attributes.filter((name) => rule[name] !== undefined);
    const stars = about.filter((name) => rule[name] === '*').length;
    const other = chosen.get(about.join());
    if (other === undefined || stars < other.stars) chosen.set(about.join(), { rule, index, stars });
  }
  return [...chosen.values()].flatMap(({ rule, index }) =>
    limitsOf(rule, `${path}.${index}`, scopeOf(rule, scope, job)),
  );
}

function isAbout(rule: RunningLimit, { vo, group, owner, subject, jobType }: LimitedJob): boolean {
  const meets = (wanted: string | undefined, known: string | undefined): boolean =>
    wanted === undefined || (known !== undefined && (wanted === '*' || foldName(wanted) === known));
  const meetsOwner =
    rule.owner === undefined ||
    (owner !== undefined && subject !== undefined && vo !== undefined && ['*', owner].includes(rule.owner));
  return meets(rule.vo, vo) && meets(rule.group, group) && meets(rule.job_type, jobType) && meetsOwner;
}

/** Names of owners and groups are looked at within their VO. */
function scopeOf(rule: RunningLimit, common: LimitScope, job: LimitedJob): LimitScope {
  const { vo, group, owner, subject, jobType } = job;
  return {
    ...common,
    ...(vo !== undefined && (rule.vo ?? rule.group ?? rule.owner) !== undefined ? { vo } : {}),
    ...(group !== undefined && rule.group !== undefined ? { group } : {}),
    ...(owner !== undefined && subject !== undefined && rule.owner !== undefined ? { owner, subject } : {}),
    ...(jobType !== undefined && rule.job_type !== undefined ? { jobType } : {}),
  };
}

function limitsOf({ max_running, per_minute, delay_seconds }: RunningLimit, rule: string, scope: LimitScope): Limit[] {
  const limit = (maximum: number, window: number | null): Limit => ({
    key: keyOf(scope, window),
    scope,
    maximum,
    window,
    rule,
  });
  return [
    ...(max_running === undefined ? [] : [limit(max_running, null)]),
    ...(per_minute === undefined ? [] : [limit(per_minute, minute)]),
    ...(delay_seconds === undefined ? [] : [limit(1, delay_seconds)]),
  ];
}

function asKnown({ vo, group, owner, subject, jobType }: LimitedJob): LimitedJob {
  return { vo: folded(vo), group: folded(group), owner, subject, jobType: typeOf(jobType) };
}

function folded(name: string | undefined): string | undefined {
  return name === undefined ? undefined : foldName(name);
}

function typeOf(jobType: string | undefined): string | undefined {
  if (jobType === undefined) return undefined;
  return jobType.trim() === '' ? anyType : foldName(jobType);
}

function placeKey(first: string, second: string): string {
  return `${first}/${second}`;
}
