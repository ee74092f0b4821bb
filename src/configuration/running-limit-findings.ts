import type { Finding } from './finding.js';
import type { RunningLimit } from './running-limits.js';
import type { Configuration } from './schema.js';

/** A list of limits and where it stands; `vo` when its rules can be about this VO only. */
interface RuleList {
  path: string[];
  rules: readonly RunningLimit[];
  vo: string | null;
}

/** Limits that name what does not exist, or say of the same jobs what another rule of the list has said. */
export function runningLimitFindings(configuration: Configuration): Finding[] {
  return listsOf(configuration).flatMap((list) => [
    ...list.rules.flatMap((rule, index) => unknownNames(configuration, list, rule, index)),
    ...repeated(list),
  ]);
}

function listsOf({ running_limits, vos, sites }: Configuration): RuleList[] {
  const lists: RuleList[] = [{ path: ['running_limits'], rules: running_limits, vo: null }];
  for (const [vo, { running_limits: ofVo, groups }] of Object.entries(vos)) {
    lists.push({ path: ['vos', vo, 'running_limits'], rules: ofVo, vo });
    for (const [group, { running_limits: ofGroup }] of Object.entries(groups)) {
      lists.push({ path: ['vos', vo, 'groups', group, 'running_limits'], rules: ofGroup, vo });
    }
  }
  for (const [site, { running_limits: ofSite, ces }] of Object.entries(sites)) {
    lists.push({ path: ['sites', site, 'running_limits'], rules: ofSite, vo: null });
    for (const [ce, { running_limits: ofCe }] of Object.entries(ces)) {
      lists.push({ path: ['sites', site, 'ces', ce, 'running_limits'], rules: ofCe, vo: null });
    }
  }
  return lists;
}

function unknownNames({ vos }: Configuration, list: RuleList, rule: RunningLimit, index: number): Finding[] {
  const findings: Finding[] = [];
  const at = (key: string, message: string): void => {
    findings.push({ path: [...list.path, String(index), key], message });
  };
  const named = (value: string | undefined): value is string => value !== undefined && value !== '*';
  const vo = list.vo ?? (named(rule.vo) ? rule.vo : null);
  if (vo !== null && !Object.hasOwn(vos, vo)) {
    at('vo', `there is no VO ${vo}`);
    return findings;
  }
  const possible =
    vo === null ? Object.values(vos) : Object.entries(vos).flatMap(([key, one]) => (key === vo ? one : []));
  const where = vo === null ? '' : ` in VO ${vo}`;
  if (named(rule.group) && !possible.some(({ groups }) => Object.hasOwn(groups, rule.group ?? '')))
    at('group', `there is no group ${rule.group}${where}`);
  const isType = (type: string): boolean => type.toLowerCase() === rule.job_type?.toLowerCase();
  if (named(rule.job_type) && !possible.some(({ jobs }) => jobs.job_types.some(isType)))
    at('job_type', `jobs of type ${rule.job_type} cannot be submitted${where}`);
  return findings;
}

function repeated({ path, rules }: RuleList): Finding[] {
  const seen = new Map<string, number>();
  return rules.flatMap(({ vo, group, owner, job_type }, index) => {
    const about = JSON.stringify(
      [vo, group?.toLowerCase(), owner, job_type?.toLowerCase()].map((name) => name ?? null),
    );
    const other = seen.get(about);
    if (other === undefined) seen.set(about, index);
    return other === undefined
      ? []
      : [{ path: [...path, String(index)], message: `is about the same jobs as rule ${other} of the list` }];
  });
}
