import type { StorageElement } from './storage-element.js';
import { StorageError } from './storage-error.js';

/** Token under which the server's {@link StorageElements} are injected. */
export const STORAGE_ELEMENTS = Symbol('storage elements');

/** The storage elements of the configuration, by name. */
export class StorageElements {
  private readonly byName: ReadonlyMap<string, StorageElement>;

  constructor(elements: readonly StorageElement[]) {
    this.byName = new Map(elements.map((element) => [element.name, element]));
  }

  /** Throws StorageError `protocol` when the configuration has no such storage element. */
  get(name: string): StorageElement {
    const found = this.find(name);
    if (found === undefined) throw new StorageError('protocol', `There is no storage element ${name}`, { name });
    return found;
  }

  find(name: string): StorageElement | undefined {
    return this.byName.get(name);
  }

  /** Closes all of them. */
  async close(): Promise<void> {
    await Promise.all([...this.byName.values()].map((element) => element.close()));
  }
}
