import { Bitmap } from './bitmap.js';
import type { Names } from './capability.js';

/** One set of names that classes may require, by name: which classes name it. */
export class NameField {
  private readonly named = new Map<string, Bitmap>();
  /** The classes that name nothing here. */
  private readonly unnamed = new Bitmap();

  add(ordinal: number, names: readonly string[]): void {
    if (names.length === 0) this.unnamed.add(ordinal);
    for (const name of names) {
      const classes = this.named.get(name) ?? new Bitmap();
      classes.add(ordinal);
      this.named.set(name, classes);
    }
  }

  delete(ordinal: number, names: readonly string[]): void {
    if (names.length === 0) this.unnamed.delete(ordinal);
    for (const name of names) {
      const classes = this.named.get(name);
      classes?.delete(ordinal);
      if (classes?.isEmpty === true) this.named.delete(name);
    }
  }

  /** Keeps the classes that name nothing, or one of these; all where nothing is said. */
  keepWilling(classes: Bitmap, offered: Names): void {
    if (offered === null) return;
    const willing = this.unnamed.copy();
    for (const name of offered) willing.addAll(this.classesOf(name));
    classes.keepAll(willing);
  }

  /** Keeps the classes that name nothing beyond these. */
  keepContent(classes: Bitmap, offered: Names): void {
    if (offered === null) return;
    const there = new Set(offered);
    for (const [name, lacking] of this.named) if (!there.has(name)) classes.deleteAll(lacking);
  }

  /** Keeps the classes that name all of these. */
  keepNaming(classes: Bitmap, names: readonly string[]): void {
    for (const name of names) classes.keepAll(this.classesOf(name));
  }

  /** Takes out the classes that name any of these. */
  dropNamingAny(classes: Bitmap, names: readonly string[]): void {
    for (const name of names) classes.deleteAll(this.classesOf(name));
  }

  /** Takes out the classes that name all of these; nothing where nothing is said. */
  dropNamingAll(classes: Bitmap, names: Names): void {
    if (names === null) return;
    const naming = classes.copy();
    this.keepNaming(naming, names);
    classes.deleteAll(naming);
  }

  private classesOf(name: string): Bitmap {
    return this.named.get(name) ?? none;
  }
}

const none = new Bitmap();

/** One number that classes need at least, by its distinct values. Null needs nothing. */
export class NumberField {
  private readonly byValue = new Map<number, Bitmap>();
  private sorted: number[] = [];

  add(ordinal: number, value: number | null): void {
    if (value === null) return;
    let classes = this.byValue.get(value);
    if (classes === undefined) {
      classes = new Bitmap();
      this.byValue.set(value, classes);
      this.sorted.splice(this.upTo(value), 0, value);
    }
    classes.add(ordinal);
  }

  delete(ordinal: number, value: number | null): void {
    const classes = value === null ? undefined : this.byValue.get(value);
    classes?.delete(ordinal);
    if (value === null || classes?.isEmpty !== true) return;
    this.byValue.delete(value);
    this.sorted = this.sorted.filter((other) => other !== value);
  }

  /** The largest value that so much fulfils, so that equal buckets fit the same classes; -1 when it fulfils none. */
  bucketOf(amount: number): number {
    return this.sorted[this.upTo(amount) - 1] ?? -1;
  }

  /** Takes out the classes that need more. */
  dropAbove(classes: Bitmap, amount: number): void {
    for (const value of this.sorted.slice(this.upTo(amount))) classes.deleteAll(this.byValue.get(value) ?? none);
  }

  /** How many values are not larger. */
  private upTo(amount: number): number {
    let [low, high] = [0, this.sorted.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.sorted[middle] ?? Infinity) <= amount) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
