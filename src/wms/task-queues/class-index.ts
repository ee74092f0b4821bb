import { Bitmap } from './bitmap.js';
import { type Capability, type Free, signatureOf } from './capability.js';
import { NameField, NumberField } from './class-fields.js';
import { eligible } from './eligible.js';
import type { Requirements } from './requirements.js';

/**
 * What an offer is to the classes: its capability, and of each number the largest value of a class that still fits.
 * Offers with one signature fit the same classes. It holds for the moment: when a class with a new value comes, offers
 * with much may leave it, so ask {@link ClassIndex.signature} again where {@link ClassIndex.values} has changed.
 */
export interface Signature {
  readonly key: string;
  readonly capability: Capability;
  readonly free: Free;
}

interface Known extends Signature {
  classes: Bitmap;
  /** How many of the changes are in `classes`. */
  upTo: number;
}

const largestCache = 4_000;
const longestLog = 50_000;

/**
 * Which requirement classes may run at a place now: exactly those of {@link eligible}, by sets of classes for each name
 * and number. Pure. A new signature costs a few operations on bitmaps, a known one the classes that have changed since.
 */
export class ClassIndex {
  private readonly classes: (Requirements | undefined)[] = [];
  private readonly ordinals = new Map<number, number>();
  private readonly unused: number[] = [];
  private readonly all = new Bitmap();
  private readonly wholeNode = new Bitmap();
  private readonly names = {
    sites: new NameField(),
    bannedSites: new NameField(),
    ces: new NameField(),
    platforms: new NameField(),
    jobTypes: new NameField(),
    tags: new NameField(),
  };
  private readonly numbers = {
    processors: new NumberField(),
    memory: new NumberField(),
    gpus: new NumberField(),
    cpuWorkLeft: new NumberField(),
    wallLeft: new NumberField(),
  };
  private readonly known = new Map<string, Known>();
  private changes: number[] = [];
  /** Changes that were dropped from the list: positions in it count from there. */
  private dropped = 0;
  private valuesSeen = 0;

  /** Grows with each change of the values by which signatures are told apart. */
  get values(): number {
    return this.valuesSeen;
  }

  get size(): number {
    return this.ordinals.size;
  }

  /** Adds a class, if it is new; gives its number in the sets. Equal ids must mean equal requirements. */
  add(classId: number, requirements: Requirements): number {
    const known = this.ordinals.get(classId);
    if (known !== undefined) return known;
    const ordinal = this.unused.pop() ?? this.classes.length;
    this.ordinals.set(classId, ordinal);
    this.classes[ordinal] = requirements;
    this.all.add(ordinal);
    if (requirements.wholeNode) this.wholeNode.add(ordinal);
    for (const [field, names] of this.namesOf(requirements)) field.add(ordinal, names);
    for (const [field, value] of this.numbersOf(requirements)) {
      if (value !== null && field.bucketOf(value) !== value) this.valuesSeen += 1;
      field.add(ordinal, value);
    }
    this.changed(ordinal);
    return ordinal;
  }

  /** Forgets a class; its number may come again for another one. */
  delete(classId: number): void {
    const ordinal = this.ordinals.get(classId);
    const requirements = ordinal === undefined ? undefined : this.classes[ordinal];
    if (ordinal === undefined || requirements === undefined) return;
    this.ordinals.delete(classId);
    this.classes[ordinal] = undefined;
    this.unused.push(ordinal);
    this.all.delete(ordinal);
    this.wholeNode.delete(ordinal);
    for (const [field, names] of this.namesOf(requirements)) field.delete(ordinal, names);
    for (const [field, value] of this.numbersOf(requirements)) field.delete(ordinal, value);
    this.changed(ordinal);
  }

  /** The number of a class in the sets. */
  ordinalOf(classId: number): number | undefined {
    return this.ordinals.get(classId);
  }

  /** The signature of an offer; the same object for equal ones while it is remembered. */
  signature(capability: Capability, free: Free): Signature {
    const { numbers } = this;
    const bucket = {
      processors: numbers.processors.bucketOf(free.processors),
      memory: numbers.memory.bucketOf(free.memory),
      gpus: numbers.gpus.bucketOf(free.gpus),
      cpuWorkLeft: numbers.cpuWorkLeft.bucketOf(free.cpuWorkLeft),
      wallLeft: numbers.wallLeft.bucketOf(free.wallLeft),
      // Only who can give a whole node away is asked whether it is idle.
      idle: free.idle && capability.wholeNode,
    };
    const { processors, memory, gpus, cpuWorkLeft, wallLeft, idle } = bucket;
    const key = `${signatureOf(capability)} ${processors} ${memory} ${gpus} ${cpuWorkLeft} ${wallLeft} ${idle}`;
    const known = this.known.get(key);
    if (known !== undefined) return known;
    if (this.known.size >= largestCache) this.forgetOldest();
    const signature = { key, capability, free: bucket, classes: new Bitmap(), upTo: -1 };
    this.known.set(key, signature);
    return signature;
  }

  /** The classes that may run where such an offer is made, by their numbers. Not to be changed by the caller. */
  fitting(signature: Signature): Bitmap {
    const known = signature as Known;
    const now = this.dropped + this.changes.length;
    if (known.upTo < this.dropped || now - known.upTo > 64 + this.size / 64) known.classes = this.evaluate(signature);
    else for (let at = known.upTo; at < now; at += 1) this.follow(known, this.changes[at - this.dropped]);
    known.upTo = now;
    return known.classes;
  }

  private follow({ classes, capability, free }: Known, ordinal: number | undefined): void {
    if (ordinal === undefined) return;
    const requirements = this.classes[ordinal];
    if (requirements !== undefined && eligible(requirements, capability, free) === null) classes.add(ordinal);
    else classes.delete(ordinal);
  }

  private evaluate({ capability, free }: Signature): Bitmap {
    const { names, numbers } = this;
    const fits = this.all.copy();
    names.sites.keepWilling(fits, capability.sites);
    names.ces.keepWilling(fits, capability.ces);
    names.platforms.keepWilling(fits, capability.platforms);
    names.jobTypes.keepWilling(fits, capability.jobTypes);
    names.bannedSites.dropNamingAll(fits, capability.sites);
    names.tags.keepContent(fits, capability.tags);
    names.tags.keepNaming(fits, capability.requiredTags);
    names.sites.dropNamingAny(fits, capability.bannedSites);
    names.ces.dropNamingAny(fits, capability.bannedCes);
    names.platforms.dropNamingAny(fits, capability.bannedPlatforms);
    names.jobTypes.dropNamingAny(fits, capability.bannedJobTypes);
    names.tags.dropNamingAny(fits, capability.bannedTags);
    if (!capability.wholeNode || !free.idle) fits.deleteAll(this.wholeNode);
    numbers.processors.dropAbove(fits, free.processors);
    numbers.memory.dropAbove(fits, free.memory);
    numbers.gpus.dropAbove(fits, free.gpus);
    numbers.cpuWorkLeft.dropAbove(fits, free.cpuWorkLeft);
    numbers.wallLeft.dropAbove(fits, free.wallLeft);
    return fits;
  }

  private namesOf(requirements: Requirements): [NameField, readonly string[]][] {
    const { sites, bannedSites, ces, platforms, jobType, tags } = requirements;
    return [
      [this.names.sites, sites],
      [this.names.bannedSites, bannedSites],
      [this.names.ces, ces],
      [this.names.platforms, platforms],
      [this.names.jobTypes, jobType === '' ? [] : [jobType]],
      [this.names.tags, tags],
    ];
  }

  private numbersOf(requirements: Requirements): [NumberField, number | null][] {
    return [
      [this.numbers.processors, requirements.minProcessors],
      [this.numbers.memory, requirements.minRam],
      [this.numbers.gpus, requirements.gpus],
      [this.numbers.cpuWorkLeft, requirements.cpuWork],
      [this.numbers.wallLeft, requirements.wallTime],
    ];
  }

  private changed(ordinal: number): void {
    this.changes.push(ordinal);
    if (this.changes.length < longestLog) return;
    this.dropped += this.changes.length;
    this.changes = [];
  }

  private forgetOldest(): void {
    for (const [key] of this.known) {
      if (this.known.size <= largestCache / 2) break;
      this.known.delete(key);
    }
  }
}
