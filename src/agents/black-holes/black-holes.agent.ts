import type { Metrics } from '../../platform/index.js';
import type { BlackHoleWatch } from '../../wms/index.js';
import type { Agent, AgentContext, AgentSummary } from '../agent.js';

/** Sets places aside that eat jobs, and brings them back. */
export class BlackHoles implements Agent {
  readonly name = 'black-holes';
  readonly every = 10;
  readonly limit = 120;
  private readonly places;
  private readonly alarms;

  constructor(
    private readonly watch: Pick<BlackHoleWatch, 'round'>,
    metrics: Metrics,
  ) {
    this.places = metrics.gauge('pilotage_black_holes', 'Places that ate jobs', ['level', 'state']);
    this.alarms = metrics.gauge('pilotage_black_hole_alarms', 'Places that eat jobs and are not set aside', ['site']);
  }

  async run({ signal, log, configuration }: AgentContext): Promise<AgentSummary> {
    const round = await this.watch.round({ document: configuration.document, signal, log });
    this.places.reset();
    for (const { level, state } of round.holes) this.places.inc({ level, state });
    this.alarms.reset();
    for (const { blame } of round.alarms) this.alarms.inc({ site: blame.site });
    const { setAside: set_aside, probed, released, relapsed, alarms } = round;
    return { set_aside, probed, released, relapsed, alarms: alarms.length };
  }
}
