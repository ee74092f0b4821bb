import { type BlackHoleRules, type Configuration } from '../../configuration/index.js';
import { type Database, type Log, toEpoch } from '../../platform/index.js';
import { databaseNow } from '../jobs/jobs.js';
import type { ResourceStatuses } from '../resource-status/resource-statuses.js';
import { type Alarm, type Sizes, withinCaps } from './blast-radius.js';
import { type Hole, nextStep } from './course.js';
import { type Evidence, type GoodAttempts, keyOf, nameAt } from './evidence.js';
import {
  evidenceFrom,
  failedPlaces,
  readEndedWell,
  readFailures,
  readPast,
  readSurvivors,
  type TimedFailure,
} from './evidence.sql.js';
import { coresInUse, readHoles } from './hole-rows.sql.js';
import { type Blame, isWithin, judge } from './judge.js';
import { foldEnds, forgetOldHours, hostsLately } from './place-history.sql.js';
import { probesOf } from './probes.sql.js';
import { SetAside } from './set-aside.js';

/** What a round did. */
export interface Round {
  setAside: number;
  probed: number;
  released: number;
  relapsed: number;
  /** Places that are blamed but not set aside, now. */
  alarms: Alarm[];
  /** All places that are set aside or watched. */
  holes: Hole[];
}

interface Around {
  document: Configuration;
  signal: AbortSignal;
  log: Log;
}

/** Watches for places that eat jobs: sets them aside within the caps, tries them again, and lets them go. */
export class BlackHoleWatch {
  private readonly aside: SetAside;

  constructor(
    private readonly database: Database,
    private readonly statuses: ResourceStatuses,
    private readonly silentSeconds: number,
  ) {
    this.aside = new SetAside(database, statuses);
  }

  /** One look at everything. May be repeated and cut off anywhere. */
  async round({ document, signal, log }: Around): Promise<Round> {
    const { black_holes: rules } = document;
    await this.statuses.refresh();
    if ((await foldEnds(this.database, rules, signal)) > 0) await forgetOldHours(this.database);
    const now = toEpoch(await databaseNow(this.database));
    const round: Round = { setAside: 0, probed: 0, released: 0, relapsed: 0, alarms: [], holes: [] };
    for (const hole of await readHoles(this.database)) await this.follow(hole, round, { now, rules, log });
    if (rules.enabled) await this.judge(round, { now, document, log });
    round.holes = await readHoles(this.database);
    return round;
  }

  private async follow(
    hole: Hole,
    round: Round,
    { now, rules, log }: { now: number; rules: BlackHoleRules; log: Log },
  ): Promise<void> {
    const place = `${hole.level} ${hole.name}`;
    const held = hole.state !== 'Released';
    if (held && (!rules.enabled || !this.aside.isInForce(hole))) {
      await this.aside.release(
        hole,
        now,
        rules,
        rules.enabled ? 'its status is not in force any more' : 'switched off',
      );
      round.released += 1;
      return;
    }
    const probes = hole.state === 'Probing' ? await probesOf(this.database, hole) : [];
    const step = nextStep(hole, probes, rules, now);
    if (step.kind === 'probe' && (await this.aside.probe(hole, now, rules))) round.probed += 1;
    if (step.kind === 'relapse') {
      const again = {
        ...hole,
        relapses: hole.relapses + 1,
        reason: `${step.reason}; before: ${hole.reason}`.slice(0, 900),
      };
      if (await this.aside.ban(again, now, rules)) round.relapsed += 1;
      log.warn('A place that was tried again still eats jobs', { place, reason: step.reason });
    }
    if (step.kind === 'release') {
      await this.aside.release(hole, now, rules, `${probes.length} jobs were tried`);
      round.released += 1;
      log.info('A place that had eaten jobs gets them again', { place });
    }
    if (step.kind === 'forget') await this.aside.forget(hole);
  }

  private async judge(
    round: Round,
    { now, document, log }: { now: number; document: Configuration; log: Log },
  ): Promise<void> {
    const { black_holes: rules } = document;
    const holes = await readHoles(this.database);
    const standing = holes.filter(({ state }) => state !== 'Released');
    const evidence = await this.evidence(holes, rules);
    if (evidence === null) return;
    const blames = judge(evidence, rules, new Set(standing.map(keyOf))).filter((blame) => !this.aside.isManual(blame));
    if (blames.length === 0) return;
    const sizes = await this.sizes(blames, evidence, document);
    const { setAside, alarms } = withinCaps(blames, standing, sizes, rules.set_aside);
    for (const { level, name, site, cause, reason } of setAside) {
      const before = holes.find((hole) => hole.level === level && hole.name === name);
      const relapses = before === undefined ? 0 : before.relapses + 1;
      if (!(await this.aside.ban({ level, name, site, cause, reason, relapses }, now, rules))) continue;
      round.setAside += 1;
      log.warn('A place that eats jobs is set aside', { place: `${level} ${name}`, reason });
    }
    round.alarms = alarms;
    for (const { site, reason } of bySite(alarms)) {
      if (await this.aside.alarm(site, reason, now))
        log.error('Jobs are lost, and nothing is set aside', { site, reason });
    }
  }

  /** Null when too few jobs failed to blame anybody: the usual case, and cheap. */
  private async evidence(holes: readonly Hole[], rules: BlackHoleRules): Promise<Evidence | null> {
    const since = await evidenceFrom(this.database, rules);
    const failures = afterRelease(await readFailures(this.database, since, rules), holes);
    if (new Set(failures.map(({ job }) => job)).size < rules.least_failures) return null;
    const sites = [...new Set(failures.map(({ site }) => site))];
    const { silentSeconds } = this;
    const good = [
      ...(await readEndedWell(this.database, since, rules)),
      ...(await readSurvivors(this.database, sites, { fast: rules.fast, silentSeconds })),
    ];
    return { failures, good, past: await readPast(this.database, failedPlaces(failures)) };
  }

  private async sizes(blames: readonly Blame[], evidence: Evidence, { vos }: Configuration): Promise<Sizes> {
    const hosts = new Map<string, number>();
    const seen: Omit<GoodAttempts, 'count'>[] = [...evidence.failures, ...evidence.good];
    for (const { site } of blames) {
      if (hosts.has(site)) continue;
      const now = seen.flatMap((at) => (at.site === site ? (nameAt('host', at) ?? []) : []));
      hosts.set(site, new Set([...now, ...(await hostsLately(this.database, site))]).size);
    }
    return { hosts, ...(await coresInUse(this.database, Object.keys(vos))) };
  }
}

/** What a place did before it was let go does not count against it again. */
function afterRelease(failures: readonly TimedFailure[], holes: readonly Hole[]): TimedFailure[] {
  const released = holes.filter(({ state }) => state === 'Released');
  return failures.filter(
    (failure) =>
      !released.some((hole) => failure.endedAt <= hole.changedAt && isWithin(failure, new Set([keyOf(hole)]))),
  );
}

/** One alarm a site, with the first reasons. */
function bySite(alarms: readonly Alarm[]): { site: string; reason: string }[] {
  const sites = new Map<string, string[]>();
  for (const { blame, because } of alarms) {
    sites.set(blame.site, [...(sites.get(blame.site) ?? []), `${blame.reason} (not set aside: ${because})`]);
  }
  return [...sites].map(([site, reasons]) => ({ site, reason: reasons.join('. ').slice(0, 900) }));
}
