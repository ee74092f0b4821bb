import { Injectable } from '@nestjs/common';
import { Refusal, type StorageAccess } from '../../contract/index.js';
import { StorageElements } from '../../storage/index.js';
import { ResourceStatuses } from './resource-statuses.js';

/** Seconds after which somebody who was refused may ask again. */
const askAgainAfter = 60;

/** Keeps what is done with storage elements to what operators allow. Nothing may be done where one is Probing or Banned. */
@Injectable()
export class StorageGate {
  constructor(
    private readonly statuses: ResourceStatuses,
    /** The storage elements behind it. */
    readonly elements: StorageElements,
  ) {}

  /** The Refusal `storage-closed` for this use of a storage element by a VO, or null when it is allowed. */
  refusal(name: string, vo: string, access: StorageAccess): Refusal | null {
    const set = this.statuses.of('storage', name, vo, access);
    if (set === null || set.status === 'Active' || set.status === 'Degraded') return null;
    const sentence = `${name} is ${set.status} for ${access}: ${set.reason}`;
    return new Refusal('storage-closed', sentence, { retryAfter: askAgainAfter });
  }

  /** Throws {@link refusal}. */
  pass(name: string, vo: string, access: StorageAccess): void {
    const refusal = this.refusal(name, vo, access);
    if (refusal !== null) throw refusal;
  }
}
