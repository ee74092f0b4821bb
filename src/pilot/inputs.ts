import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Connection, downloadFile, freshSignatureMayHelp, persist, unpackSandbox } from '../client/index.js';
import { call, execution, type Transport } from '../contract/index.js';
import { whileClosed } from './closed-storage.js';

/** Seconds of trying to fetch the inputs. */
const patienceSeconds = 600;
const largestSandbox = 2 * 1024 ** 3;

/** How to fetch the inputs of one attempt. */
export interface InputOrder {
  connection: Connection;
  transport: Transport;
  /** Where archives are kept until they are unpacked; not visible to payloads. */
  transfer: string;
  job: string;
  signal: AbortSignal;
}

/**
 * Fetches the input sandboxes of an attempt and unpacks them into the job's directory. Throws `UnsafeArchive`, or
 * `TransferRefused` when a store refuses, or `Unreachable` when patience ends.
 */
export async function fetchInputs(order: InputOrder): Promise<void> {
  const { connection, transport, signal } = order;
  const announced = await whileClosed(() => call(transport, execution.inputs, {}, { signal }), signal);
  for (const [index, { pfn }] of announced.reply.sandboxes.entries()) {
    const file = join(order.transfer, `input-${index}`);
    let url = announced.reply.sandboxes[index]?.url;
    const fetched = await persist(
      async () => {
        // A signed URL may have expired between two tries.
        url ??= (await call(transport, execution.inputs, {}, { signal })).reply.sandboxes[index]?.url;
        const from = { url: url ?? '', limit: largestSandbox };
        url = undefined;
        return downloadFile(connection, from, file, { signal });
      },
      { deadlineSeconds: patienceSeconds, longestPauseSeconds: 10, signal },
      freshSignatureMayHelp,
    );
    const promised = /sha256:([0-9a-f]{64})/.exec(pfn)?.[1];
    if (promised !== undefined && promised !== fetched.sha256) throw new Error(`${pfn} arrived with other bytes`);
    await unpackSandbox(file, order.job);
    await rm(file, { force: true });
  }
}
