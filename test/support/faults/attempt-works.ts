import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import {
  type AttemptOutcome,
  execution,
  type FailureClass,
  type SandboxInfo,
  type SandboxUpload,
} from '../../../src/contract/index.js';
import { keyOf, shortPfn } from '../../../src/wms/outputs/pfn.js';
import { uploadForm, type Work, workOf } from './work.js';
import { type FaultWorld, type HeldAttempt, type Request, send, sha256 } from './world.js';

async function held(world: FaultWorld): Promise<HeldAttempt> {
  const [attempt] = await world.hold();
  if (attempt === undefined) throw new Error('No attempt is held');
  return attempt;
}

/** A report of progress with words and parameters. */
export async function report(world: FaultWorld): Promise<Work> {
  const { job_id, token } = await held(world);
  const word = randomUUID();
  const body = { sequence: 2, application_status: word, parameters: { word } };
  const told = () =>
    world.database.query(
      `SELECT h.entry_id FROM job_history h JOIN job_parameters p ON p.job_id = h.job_id AND p.value = ?
       JOIN leases l ON l.job_id = h.job_id AND l.sequence = 2 WHERE h.job_id = ? AND h.application_status = ?`,
      [word, job_id, word],
    );
  return workOf(
    { endpoint: execution.status, input: { body }, token },
    { isDone: async () => (await told()).length > 0, check: async () => assert.equal((await told()).length, 1) },
  );
}

/** The end of an attempt that did its work. */
export function end(world: FaultWorld): Promise<Work> {
  return ending(world, { outcome: 'done' as const }, 'Done');
}

/** The end of an attempt that the infrastructure failed: its job is queued again. */
export function requeue(world: FaultWorld): Promise<Work> {
  return ending(world, { outcome: 'failed' as const, failure_class: 'infrastructure' as const }, 'Rescheduled');
}

async function ending(
  world: FaultWorld,
  how: { outcome: AttemptOutcome; failure_class?: FailureClass },
  entry: string,
): Promise<Work> {
  const { job_id, attempt, token } = await held(world);
  const word = randomUUID();
  const body = { ...how, minor_status: 'it ended', parameters: { word } };
  const ends = () =>
    world.database.query(
      `SELECT h.entry_id FROM job_history h JOIN job_parameters p USING (job_id, attempt)
       JOIN attempts a USING (job_id, attempt) JOIN jobs j USING (job_id)
       WHERE h.job_id = ? AND h.attempt = ? AND h.status = ? AND p.value = ? AND a.outcome = ? AND j.infrastructure_failures =
         (SELECT COUNT(*) FROM attempts WHERE job_id = h.job_id AND failure_class = 'infrastructure')`,
      [job_id, attempt, entry, word, how.outcome],
    );
  return workOf(
    { endpoint: execution.end, input: { body }, token },
    { isDone: async () => (await ends()).length > 0, check: async () => assert.equal((await ends()).length, 1) },
  );
}

interface Output {
  attempt: HeldAttempt;
  bytes: Buffer;
  announce: Request<typeof execution.outputs>;
}

async function anOutput(world: FaultWorld): Promise<Output> {
  const attempt = await held(world);
  const bytes = Buffer.from(`outputs ${randomUUID()}`);
  const body: SandboxInfo = {
    checksum_algorithm: 'sha256',
    checksum: sha256(bytes),
    size: bytes.length,
    format: 'tar.gz',
  };
  return { attempt, bytes, announce: { endpoint: execution.outputs, input: { body }, token: attempt.token } };
}

/** The announcement of an output sandbox. */
export async function announce(world: FaultWorld): Promise<Work> {
  const output = await anOutput(world);
  const rows = () => world.database.query('SELECT sandbox_id FROM sandboxes WHERE sha256 = ?', [sha256(output.bytes)]);
  return workOf(output.announce, {
    isDone: async () => (await rows()).length > 0,
    async check(reply) {
      assert.equal((await rows()).length, 1);
      await uploadForm(world.url, reply as SandboxUpload, output.bytes);
    },
  });
}

/** The bytes of an output sandbox. */
export async function upload(world: FaultWorld): Promise<Work> {
  const { bytes, announce: announcement } = await anOutput(world);
  const form = await send(world.url, announcement);
  const stored = async (): Promise<boolean> => {
    const found = await world.sandboxElement.get(keyOf(shortPfn(form.pfn))).catch(() => null);
    return found !== null && sha256(found) === sha256(bytes);
  };
  return {
    send: (url, headers) => uploadForm(url, form, bytes, headers),
    isDone: stored,
    check: async () => assert.ok(await stored()),
  };
}

/** The assignment of an output sandbox to its job. */
export async function assign(world: FaultWorld): Promise<Work> {
  const { attempt, bytes, announce: announcement } = await anOutput(world);
  const form = await send(world.url, announcement);
  await uploadForm(world.url, form, bytes);
  const links = () =>
    world.database.query("SELECT sandbox_id FROM job_sandboxes WHERE job_id = ? AND kind = 'output' AND attempt = ?", [
      attempt.job_id,
      attempt.attempt,
    ]);
  return workOf(
    { endpoint: execution.assignOutputs, input: { body: { pfn: form.pfn } }, token: attempt.token },
    { isDone: async () => (await links()).length > 0, check: async () => assert.equal((await links()).length, 1) },
  );
}
