import type { Configuration } from '../configuration/index.js';
import { DirectorModel, directorEverySeconds } from './director-model.js';
import { draw } from './distribution.js';
import { EventQueue } from './event-queue.js';
import { type JobKind, JobKinds } from './job-kind.js';
import { JobTable } from './job-table.js';
import { Measurements } from './measurements.js';
import { claimOf, type PilotKind, type Run, type SimulatedPilot } from './pilot-model.js';
import { type Census, type Results, resultsOf } from './results.js';
import type { Scenario } from './scenario.js';
import { lookEvery, Tracks } from './series.js';
import { ServerModel } from './server-model.js';
import { pilotKinds, scaledConfiguration } from './sites.js';
import { type Submitter, submittersOf } from './submitters.js';
import { randomFrom } from './workloads/random.js';

/** How long claims wait for others that come at the same time (s), and how many are made together. */
const batchSeconds = 0.05;
const largestBatch = 200;
/** Pilots that got nothing ask again at least so often; new jobs wake them at once (s). */
const pollSeconds = 60;
const topUpSeconds = 60;
/** After so long the jobs of a pilot that vanished can be claimed again: lease and margin (s). */
const leaseSeconds = 660;
const day = 86_400;

type Event = () => Promise<void> | void;
type Outcome = 'done' | 'failed' | 'lost';

/** A discrete-event simulation of pilots, sites and users around the matching of a server. */
export class Simulation {
  private readonly configuration: Configuration;
  private readonly events = new EventQueue<Event>();
  private readonly jobs = new JobTable();
  private readonly kinds: JobKinds;
  private readonly server: ServerModel;
  private readonly pilots: readonly PilotKind[];
  private readonly director: DirectorModel;
  private readonly submitters: readonly Submitter[];
  private readonly measured: Measurements;
  private readonly tracks = new Tracks();
  private readonly live = new Set<SimulatedPilot>();
  private readonly random: Record<'pilots' | 'submission', () => number>;
  private readonly census: Census = { submitted: 0, done: 0, failed: 0, running: 0, waiting: 0, lost: 0 };
  private asking: SimulatedPilot[] = [];
  private pilotsMade = 0;
  private now = 0;
  /** Events that have happened, for measurements of speed. */
  happened = 0;

  constructor(private readonly scenario: Scenario) {
    this.configuration = scaledConfiguration(scenario);
    this.kinds = new JobKinds(this.configuration);
    this.submitters = submittersOf(scenario, this.kinds);
    this.server = new ServerModel(this.configuration, this.kinds, this.jobs);
    this.pilots = pilotKinds(this.configuration, scenario.pilots);
    this.director = new DirectorModel(this.configuration, this.pilots);
    this.measured = new Measurements(scenario.measure_from_day * day);
    this.random = { pilots: randomFrom(scenario.seed), submission: randomFrom(scenario.seed + 1) };
  }

  async run(): Promise<Results> {
    const { name: scenario, seed, days, measure_from_day } = this.scenario;
    const end = days * day;
    this.begin();
    for (let next = this.events.next(); next !== undefined && next.at <= end; next = this.events.next()) {
      this.now = next.at;
      this.happened += 1;
      const pending = next.event();
      if (pending !== undefined) await pending;
    }
    this.now = end;
    for (const pilot of this.live) {
      for (const run of pilot.runs)
        this.measured.ran(this.kindOf(run.job), pilot.kind, run, { outcome: null, now: end });
      this.measured.pilotRan(pilot.kind, pilot.startedAt, end);
    }
    const measuredDays = days - measure_from_day;
    const findings = { scenario, seed, days, measuredDays, jobs: this.census, series: this.tracks.series };
    return resultsOf(findings, this.measured, this.configuration);
  }

  private begin(): void {
    for (const { kind, atStart } of this.submitters) this.submit(kind, atStart);
    for (const { kind, stream } of this.submitters) {
      if (stream === null) continue;
      const { jobs, every, from, to } = stream;
      const again = (): void => {
        if (this.now >= to) return;
        this.submit(kind, jobs);
        this.after(every, again);
      };
      this.after(from + every * this.random.submission(), again);
    }
    this.repeat(topUpSeconds, () => this.topUp());
    this.repeat(directorEverySeconds, () => this.sendPilots());
    this.repeat(pollSeconds, () => this.poll());
    this.repeat(lookEvery(this.scenario.days), () => {
      if (this.now >= this.measured.from) this.tracks.look(this.now);
    });
  }

  private after(seconds: number, event: Event): void {
    this.events.add(this.now + seconds, event);
  }

  private repeat(seconds: number, event: () => void): void {
    event();
    this.after(seconds, () => this.repeat(seconds, event));
  }

  private submit(kind: JobKind, count: number): void {
    if (count === 0) return;
    const ids = Array.from({ length: count }, () => this.jobs.add(kind.number, this.now));
    this.census.submitted += count;
    this.measured.submitted(kind, count, this.now);
    this.wait(kind, ids);
  }

  private wait(kind: JobKind, ids: readonly number[]): void {
    this.census.waiting += ids.length;
    this.tracks.change(nameOf(kind), { waiting: ids.length });
    this.server.submit(ids);
    this.wake(kind, ids.length);
  }

  private topUp(): void {
    for (const { kind, keepWaiting } of this.submitters) {
      if (keepWaiting > 0) this.submit(kind, Math.max(0, keepWaiting - this.server.waitingIn(kind.queue)));
    }
  }

  /** As many pilots as there are new jobs ask again, of those that could run them. */
  private wake(kind: JobKind, jobs: number): void {
    let left = jobs;
    for (const pilots of this.director.takersOf(kind.queue)) {
      for (const pilot of pilots.idle) {
        if (left === 0) return;
        if (pilot.asks || pilot.free.processors < kind.requirements.minProcessors) continue;
        this.ask(pilot);
        left -= 1;
      }
    }
  }

  private poll(): void {
    for (const { idle } of this.pilots) {
      for (const pilot of idle) if (this.server.mayHave(claimOf(pilot, this.now))) this.ask(pilot);
    }
  }

  private sendPilots(): void {
    const queues = [...this.kinds.queuesOf()].map((queue) => ({ queue, jobs: this.server.waitingIn(queue) }));
    for (const [kind, count] of this.director.plan(queues)) {
      for (let at = 0; at < count; at += 1) this.sendPilot(kind);
    }
  }

  private sendPilot(kind: PilotKind): void {
    kind.waiting += 1;
    const number = (this.pilotsMade += 1);
    const random = randomFrom(this.scenario.seed * 7_919 + number);
    this.after(draw(kind.behaviour.start_delay, random), () => this.startPilot(kind, number, random));
  }

  private startPilot(kind: PilotKind, number: number, random: () => number): void {
    const { never_start, lost_per_day, nodes, black_holes } = kind.behaviour;
    kind.waiting -= 1;
    if (random() < never_start) return this.measured.pilotFailed(kind, this.now);
    const { processors, memory, gpus, max_wall_time } = kind.queue;
    kind.running += 1;
    this.tracks.pilotCores += processors;
    const pilot: SimulatedPilot = {
      number,
      kind,
      startedAt: this.now,
      endsAt: this.now + max_wall_time,
      free: { processors, memory, gpus },
      runs: new Set(),
      blackHole: Math.floor(random() * nodes) < black_holes,
      asks: false,
      ended: false,
      idleSince: this.now,
    };
    this.live.add(pilot);
    this.after(max_wall_time, () => this.endPilot(pilot, 'failed'));
    if (lost_per_day > 0)
      this.after((-day / lost_per_day) * Math.log(1 - random()), () => this.endPilot(pilot, 'lost'));
    this.ask(pilot);
  }

  private endPilot(pilot: SimulatedPilot, outcome: Outcome): void {
    if (pilot.ended) return;
    const { kind } = pilot;
    for (const run of pilot.runs) this.end(pilot, run, outcome);
    pilot.ended = true;
    kind.running -= 1;
    kind.idle.delete(pilot);
    this.live.delete(pilot);
    this.tracks.pilotCores -= kind.queue.processors;
    this.measured.pilotRan(kind, pilot.startedAt, this.now);
  }

  private ask(pilot: SimulatedPilot): void {
    if (pilot.asks || pilot.ended) return;
    pilot.asks = true;
    this.asking.push(pilot);
    if (this.asking.length === 1) this.after(batchSeconds, () => this.match());
  }

  private async match(): Promise<void> {
    const asking = this.asking.filter(({ ended }) => !ended);
    this.asking = [];
    for (let start = 0; start < asking.length; start += largestBatch) {
      const batch = asking
        .slice(start, start + largestBatch)
        .map((pilot) => ({ pilot, claim: claimOf(pilot, this.now) }));
      await this.server.claim(batch.map(({ claim }) => claim), this.now); // prettier-ignore
      for (const { pilot, claim } of batch) {
        pilot.asks = false;
        for (const { job, processors, memory, gpus } of claim.given)
          this.start(pilot, { job: job.job_id, processors, memory, gpus, startedAt: this.now });
        if (pilot.free.processors > 0) this.idle(pilot);
        else pilot.kind.idle.delete(pilot);
      }
    }
  }

  private idle(pilot: SimulatedPilot): void {
    const { kind, idleSince } = pilot;
    kind.idle.add(pilot);
    if (pilot.runs.size > 0) return;
    this.after(Math.max(1, idleSince + kind.behaviour.idle_seconds - this.now), () => {
      if (pilot.runs.size === 0 && pilot.idleSince === idleSince) this.endPilot(pilot, 'done');
    });
  }

  private start(pilot: SimulatedPilot, run: Run): void {
    const { kind: of } = pilot;
    const kind = this.kindOf(run.job);
    const first = this.jobs.attemptsOf(run.job) === 0;
    this.jobs.begin(run.job);
    this.census.waiting -= 1;
    this.census.running += 1;
    this.tracks.change(nameOf(kind), { waiting: -1, cores: run.processors });
    this.measured.started(kind, run.processors, first ? this.now - this.jobs.submittedAt(run.job) : null, this.now);
    this.changeFree(pilot, run, -1);
    pilot.runs.add(run);
    // The same job needs the same in every simulation with this seed.
    const random = randomFrom(this.scenario.seed * 104_729 + run.job);
    const seconds = (kind.requirements.cpuWork * draw(kind.work, random)) / of.queue.cpu_power;
    const outcome = pilot.blackHole || random() < kind.failures ? 'failed' : 'done';
    const lasts = pilot.blackHole ? of.behaviour.black_hole_seconds : Math.max(1, seconds);
    this.after(lasts, () => {
      if (pilot.ended || !pilot.runs.has(run)) return;
      this.end(pilot, run, outcome);
      if (pilot.runs.size === 0) pilot.idleSince = this.now;
      this.ask(pilot);
    });
  }

  private end(pilot: SimulatedPilot, run: Run, outcome: Outcome): void {
    const kind = this.kindOf(run.job);
    pilot.runs.delete(run);
    this.changeFree(pilot, run, 1);
    this.census.running -= 1;
    this.census[outcome] += 1;
    this.tracks.change(nameOf(kind), { cores: -run.processors });
    this.measured.ran(kind, pilot.kind, run, { outcome, now: this.now });
    this.server.ended(run.job);
    if (outcome !== 'lost') return;
    this.after(leaseSeconds, () => {
      this.census.lost -= 1;
      this.wait(kind, [run.job]);
    });
  }

  private changeFree({ free }: SimulatedPilot, { processors, memory, gpus }: Run, by: 1 | -1): void {
    free.processors += by * processors;
    free.memory += by * memory;
    free.gpus += by * gpus;
  }

  private kindOf(job: number): JobKind {
    return this.kinds.of(this.jobs.kindOf(job));
  }
}

function nameOf({ entity: { vo, group }, owner }: JobKind): string {
  return `${vo}/${group}/${owner}`;
}
