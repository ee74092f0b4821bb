import type { Configuration } from '../configuration/index.js';
import { JobDescription } from '../contract/index.js';
import { type NamedEntity, type Requirements, requirementsOf } from '../wms/index.js';
import type { Distribution } from './distribution.js';

/** Jobs that are alike: who submits them, what they ask for and how they go. */
export interface JobKind {
  /** Its place among all kinds. */
  number: number;
  entity: NamedEntity;
  /** The user name, also where a group shares its jobs. */
  owner: string;
  requirements: Requirements;
  jobType: string;
  priority: number;
  work: Distribution;
  failures: number;
  queue: QueueOfKinds;
}

/** What a task queue is; kinds with equal requirements of one share entity have one. */
export interface QueueOfKinds {
  id: number;
  classId: number;
  entity: NamedEntity;
  requirements: Requirements;
}

/** Who submits what. */
export interface KindInput {
  vo: string;
  group: string;
  owner: string;
  description: unknown;
  work: Distribution;
  failures: number;
}

/** Gives kinds their task queues by the rules of the server. */
export class JobKinds {
  private readonly all: JobKind[] = [];
  private readonly classes = new Map<string, { classId: number; requirements: Requirements }>();
  private readonly queues = new Map<string, QueueOfKinds>();

  constructor(private readonly configuration: Configuration) {}

  add({ vo, group, owner, description, work, failures }: KindInput): JobKind {
    const { jobs, groups } = this.voOf(vo);
    const parsed = JobDescription.parse(description);
    const whole = { ...parsed, cpu_work: parsed.cpu_work ?? jobs.default_cpu_work };
    const shared = groups[group]?.properties.includes('JobSharing') === true;
    const entity = { vo, group, ownerSubject: shared ? '' : owner, owner: shared ? '' : owner };
    const queue = this.queueOf(entity, requirementsOf(whole));
    const kind = {
      number: this.all.length,
      entity: queue.entity,
      owner,
      requirements: queue.requirements,
      jobType: parsed.job_type,
      priority: parsed.priority ?? jobs.default_priority,
      work,
      failures,
      queue,
    };
    this.all.push(kind);
    return kind;
  }

  of(number: number): JobKind {
    const kind = this.all[number];
    if (kind === undefined) throw new Error(`There is no kind ${number} of jobs`);
    return kind;
  }

  queuesOf(): Iterable<QueueOfKinds> {
    return this.queues.values();
  }

  private queueOf(entity: NamedEntity, requirements: Requirements): QueueOfKinds {
    const meaning = JSON.stringify(requirements);
    const known = this.classes.get(meaning) ?? { classId: this.classes.size + 1, requirements };
    this.classes.set(meaning, known);
    const key = JSON.stringify([known.classId, entity]);
    const queue = this.queues.get(key) ?? { id: this.queues.size + 1, entity, ...known };
    this.queues.set(key, queue);
    return queue;
  }

  private voOf(name: string): Configuration['vos'][string] {
    const vo = this.configuration.vos[name];
    if (vo === undefined) throw new Error(`There is no VO ${name}`);
    return vo;
  }
}
