import { type CeCall, type Credentials, ComputingElementError } from '../../ce/index.js';
import type { QueueView } from '../../configuration/index.js';
import type { Database } from '../../platform/index.js';
import type { Pilots, ResourceStatuses, Verdict, Whereabouts } from '../../wms/index.js';
import type { Agent, AgentContext, AgentSummary } from '../agent.js';
import type { ComputingElements } from '../computing-elements.js';
import { countPilots, countSince } from './pilot-counts.js';
import type { RenderPilot } from './pilot-program.js';
import { type Place, placeKey } from './place.js';
import { type PlannedQueue, planPilots } from './plan-pilots.js';
import { QueueStates } from './queue-states.js';
import { settlePilots } from './settle-pilots.js';
import { submitPilots } from './submit-pilots.js';
import { capsOf, type Target, targetsOf, wishesOf } from './survey.js';

export interface SiteDirectorParts {
  database: Database;
  pilots: Pick<Pilots, 'create' | 'submitted' | 'move' | 'unsettled'>;
  /** Cores wanted of each queue by each of its VOs, by {@link placeKey}; none where nothing may begin. */
  demand(
    queues: readonly QueueView[],
    verdictAt: (at: Whereabouts) => Verdict['verdict'],
  ): Promise<ReadonlyMap<string, number>>;
  statuses: Pick<ResourceStatuses, 'verdict'>;
  elements: Pick<ComputingElements, 'get'>;
  render: RenderPilot;
  silentSeconds: number;
  pace: number;
}

/** Kinds of errors that say something about the queue, not about one description or a full CE. */
const opensCircuit: readonly string[] = ['authentication', 'authorisation', 'unreachable', 'protocol'];

/**
 * Submits pilots where jobs wait for them: as many cores as the waiting jobs need, less what waiting and idle pilots
 * offer, under the caps of queue, site, VO and CE. Runs on a timer, and at once when jobs arrive.
 */
export class SiteDirector implements Agent {
  readonly name = 'site-director';
  readonly every = 30;
  readonly limit = 300;
  readonly gap = 1;
  private readonly states: QueueStates;
  private readonly credentials: Credentials = { kind: 'none' };

  constructor(private readonly parts: SiteDirectorParts) {
    this.states = new QueueStates(parts.database, parts.pace);
  }

  async run(context: AgentContext): Promise<AgentSummary> {
    const { database, pilots, elements, pace, silentSeconds } = this.parts;
    const { document } = context.configuration;
    const settled = await settlePilots({ pilots, elements, afterSeconds: 30 * pace }, context, this.credentials);
    await this.states.refresh();
    const { targets, probed } = this.usable(targetsOf(document));
    const demand = await this.parts.demand(
      [...new Set(targets.map(({ queue }) => queue))],
      (at) => this.parts.statuses.verdict(at).verdict,
    );
    const counts = await countPilots(database, silentSeconds);
    const probes = await countSince(database, probed);
    const wishes = wishesOf(targets, { demand, counts, probes }, (place) => this.states.of(place));
    const freeSlots = await this.askCes(targets, wishes, context);
    const plan = planPilots(wishes, capsOf(document, counts, freeSlots));
    const done = await this.carryOut(targets, plan, context);
    return { settled, ...done };
  }

  /** The targets where something may begin, and those of them that are being probed, and since when. */
  private usable(all: readonly Target[]): { targets: Target[]; probed: { place: Place; since: string }[] } {
    const judged = all.map((target) => ({ target, ...this.parts.statuses.verdict(target.place) }));
    const probed = judged.flatMap(({ target, verdict, because }) =>
      verdict === 'tests-only' && because !== null ? [{ place: target.place, since: because.setAt }] : [],
    );
    return { targets: judged.filter(({ verdict }) => verdict !== 'closed').map(({ target }) => target), probed };
  }

  /** What the CEs would take, for queues where pilots are wanted; 0 where the CE cannot be asked. */
  private async askCes(
    targets: readonly Target[],
    wishes: readonly PlannedQueue[],
    context: AgentContext,
  ): Promise<Map<string, number | undefined>> {
    const wanting = wishes.filter((wish) => wish.demand > wish.onOffer && wish.circuit !== 'open');
    const free = new Map<string, number | undefined>();
    const ask = async (queueName: string): Promise<void> => {
      const keys = new Set(wanting.filter(({ place }) => place === queueName).map(({ key }) => key));
      const askers = targets.filter(({ place }) => keys.has(placeKey(place)));
      const [first] = askers;
      if (first === undefined) return;
      const answer = await this.attempt(
        askers.map(({ place }) => place),
        context,
        async () => {
          const ce = await this.parts.elements.get(context.configuration.document, first.queue);
          return ce.capacity(first.queue.queue, this.call(context));
        },
      );
      free.set(queueName, answer === null ? 0 : answer.freeSlots);
    };
    await Promise.all([...new Set(wanting.map(({ place }) => place))].map(ask));
    return free;
  }

  /** CEs are served side by side, so a slow one holds up nobody but itself. */
  private async carryOut(
    targets: readonly Target[],
    plan: ReadonlyMap<string, number>,
    context: AgentContext,
  ): Promise<{ submitted: number; refused: number }> {
    const orders = targets.flatMap((target) => {
      const count = plan.get(placeKey(target.place));
      return count === undefined ? [] : [this.submit(target, count, context)];
    });
    const results = await Promise.allSettled(orders);
    let submitted = 0;
    let refused = 0;
    for (const result of results) {
      if (result.status === 'rejected') throw result.reason;
      submitted += result.value.submitted;
      refused += result.value.refused;
    }
    return { submitted, refused };
  }

  private async submit(
    { place, queue }: Target,
    count: number,
    context: AgentContext,
  ): Promise<{ submitted: number; refused: number }> {
    const { document } = context.configuration;
    const parts = { ...this.parts, log: context.log };
    const { secret_lifetime: secretLifetime, environment } = document.pilots;
    const order = { vo: place.vo, queue, count, environment, secretLifetime };
    const result = await this.attempt([place], context, async () =>
      submitPilots(parts, await this.parts.elements.get(document, queue), order, this.call(context)),
    );
    if (result === null) return { submitted: 0, refused: 0 };
    if (result.failure !== null) await this.failed([place], result.failure, context);
    else await this.states.note(place, { kind: 'accepted' });
    if (result.submitted > 0) context.log.info('Pilots were submitted', { ...place, pilots: result.submitted });
    return result;
  }

  /** What `body` gives, or null when the CE failed, which is then noted for these places. */
  private async attempt<T>(places: readonly Place[], context: AgentContext, body: () => Promise<T>): Promise<T | null> {
    try {
      return await body();
    } catch (error) {
      if (!(error instanceof ComputingElementError)) throw error;
      await this.failed(places, error, context);
      return null;
    }
  }

  private async failed(places: readonly Place[], error: ComputingElementError, { log }: AgentContext): Promise<void> {
    for (const place of places) {
      log.warn('A CE did not take pilots', { ...place, kind: error.kind, error });
      if (!opensCircuit.includes(error.kind)) continue;
      await this.states.note(place, { kind: 'call-failed', reason: `${error.kind}: ${error.message}` });
      const { circuit, reason } = this.states.of(place);
      if (circuit === 'open') log.warn('No more pilots go to a queue for a while', { ...place, reason });
    }
  }

  private call({ signal }: AgentContext): CeCall {
    return { signal, credentials: this.credentials };
  }
}
