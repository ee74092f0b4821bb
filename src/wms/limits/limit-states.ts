import { Injectable } from '@nestjs/common';
import { CurrentConfiguration } from '../../configuration/index.js';
import { Database } from '../../platform/index.js';
import { type Limit, type LimitedJob, type LimitedPlace } from './limit.js';
import { rulesOf } from './queue-limits.js';

/** A limit, and how much of it is in use at the moment. */
export interface LimitState extends Limit {
  /** Attempts that run; of a rate, those that began within its window. */
  inUse: number;
  /** Seconds until another job may begin; 0 for now, null when that is not known: some attempt must end first. */
  freeIn: number | null;
}

interface KeyState {
  name: string;
  used: number;
  waiting: number;
  /** Seconds until the first slot that waits is free. */
  seconds: number | null;
}

/** How full the limits are that are in force. Reads only. */
@Injectable()
export class LimitStates {
  constructor(
    private readonly database: Database,
    private readonly configuration: CurrentConfiguration,
  ) {}

  /** What holds for a job at a place. */
  async of(job: LimitedJob, place: LimitedPlace): Promise<LimitState[]> {
    const limits = rulesOf(this.configuration.get().document).of(job, place);
    const states = await this.read(limits.map(({ key }) => key));
    return limits.map((limit) => stateOf(limit, states.get(limit.key)));
  }

  /**
   * As far as it concerns a VO (its own, and those that are common to all VOs): each limit whose rule names whom it counts, and
   * of the others those that have counted something.
   */
  async all(vo: string): Promise<LimitState[]> {
    const rules = rulesOf(this.configuration.get().document);
    if (rules.isEmpty) return [];
    const states = await this.read(null);
    const limits = new Map(rules.named().map((limit) => [limit.key, limit]));
    for (const key of states.keys()) {
      const limit = rules.withKey(key);
      if (limit !== null) limits.set(key, limit);
    }
    return [...limits.values()]
      .filter(({ scope }) => scope.vo === undefined || scope.vo === vo.toLowerCase())
      .map((limit) => stateOf(limit, states.get(limit.key)));
  }

  private async read(keys: readonly string[] | null): Promise<Map<string, KeyState>> {
    if (keys?.length === 0) return new Map();
    const rows = await this.database.query<KeyState>(
      `SELECT k.name, (SELECT COUNT(*) FROM limit_uses u WHERE u.limit_id = k.limit_id) AS used,
         (SELECT COUNT(*) FROM limit_slots s WHERE s.limit_id = k.limit_id AND s.not_before > NOW(6)) AS waiting,
         (SELECT TIMESTAMPDIFF(MICROSECOND, NOW(6), MIN(s.not_before)) / 1e6 FROM limit_slots s
          WHERE s.limit_id = k.limit_id AND s.not_before > NOW(6)) AS seconds
       FROM limit_keys k ${keys === null ? '' : 'WHERE k.name IN (?)'} ORDER BY k.name`,
      keys === null ? [] : [keys],
    );
    return new Map(rows.map((row) => [row.name, row]));
  }
}

function stateOf(limit: Limit, state: KeyState | undefined): LimitState {
  const inUse = Number((limit.window === null ? state?.used : state?.waiting) ?? 0);
  if (inUse < limit.maximum) return { ...limit, inUse, freeIn: 0 };
  const seconds = limit.window === null ? null : (state?.seconds ?? null);
  return { ...limit, inUse, freeIn: seconds === null ? null : Number(seconds) };
}
