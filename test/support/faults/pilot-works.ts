import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type ClaimReply, execution, matching, pilots } from '../../../src/contract/index.js';
import { anOffer } from '../matching.js';
import type { Work } from './work.js';
import { workOf } from './work.js';
import { type FaultWorld, send, sha256 } from './world.js';

/** A claim of one job. */
export async function claim(world: FaultWorld): Promise<Work> {
  const { stamp, token } = await world.pilot();
  const claim_id = randomUUID();
  const body = { claim_id, offer: anOffer, max_jobs: 1, wait: 20 };
  const attempts = () =>
    world.database.query<{ job_id: number; attempt: number }>(
      `SELECT job_id, attempt FROM attempts JOIN leases USING (job_id, attempt)
       WHERE attempts.pilot_stamp = ? AND leases.pilot_stamp = ? AND claim_id = ?`,
      [stamp, stamp, claim_id],
    );
  return workOf(
    { endpoint: matching.claim, input: { body }, token },
    {
      isDone: async () => (await attempts()).length > 0,
      async check(reply) {
        const given = (reply as ClaimReply).jobs.map(({ job_id, attempt }) => ({ job_id, attempt }));
        assert.equal(given.length, 1);
        assert.deepEqual(
          (await attempts()).map(({ job_id, attempt }) => ({ job_id, attempt })),
          given,
        );
      },
    },
  );
}

/** A heartbeat for two attempts that acknowledges a command. */
export async function heartbeat(world: FaultWorld): Promise<Work> {
  const held = await world.hold(2);
  const [{ stamp, job_id, attempt } = { stamp: '', job_id: 0, attempt: 0 }] = held;
  const { insertId } = await world.database.execute(
    "INSERT INTO job_commands (job_id, attempt, pilot_stamp, command, delivered_at) VALUES (?, ?, ?, 'Kill', NOW(6))",
    [job_id, attempt, stamp],
  );
  await world.database.execute('UPDATE leases SET expires_at = NOW(6) + INTERVAL 60 SECOND WHERE pilot_stamp = ?', [
    stamp,
  ]);
  const attempts = held.map((one) => ({
    job_id: one.job_id,
    attempt: one.attempt,
    metrics: { StandardOutput: 'last words' },
  }));
  const body = { attempts, acknowledged: [insertId] };
  const isDone = async (): Promise<boolean> => {
    const rows = await world.database.query(
      `SELECT l.job_id FROM leases l WHERE l.pilot_stamp = ? AND l.output_tail = 'last words'
         AND l.expires_at > NOW(6) + INTERVAL 120 SECOND
         AND EXISTS (SELECT 1 FROM job_commands WHERE command_id = ? AND acknowledged_at IS NOT NULL)`,
      [stamp, insertId],
    );
    return rows.length === 2;
  };
  return workOf(
    { endpoint: execution.heartbeat, input: { body }, token: world.tokens.forPilot({ vo: 'lhcb', stamp }, 600).token },
    {
      isDone,
      async check(reply) {
        assert.ok(await isDone());
        const outcomes = (reply as { attempts: { outcome: string }[] }).attempts.map(({ outcome }) => outcome);
        assert.deepEqual(outcomes, ['renewed', 'renewed']);
      },
    },
  );
}

/** The second chunk of a pilot's log. */
export async function logChunk(world: FaultWorld): Promise<Work> {
  const { stamp, token } = await world.pilot();
  const chunk = (number: number) => ({
    endpoint: pilots.log,
    input: { params: { number }, body: { text: `chunk ${number} of ${stamp}\n` } },
    token,
  });
  await send(world.url, chunk(0));
  const rows = () =>
    world.database.query<{ sha256: string }>('SELECT sha256 FROM pilot_log_chunks WHERE stamp = ? ORDER BY number', [
      stamp,
    ]);
  return workOf(chunk(1), {
    isDone: async () => (await rows()).length === 2,
    async check() {
      const promised = [0, 1].map((number) => sha256(chunk(number).input.body.text));
      assert.deepEqual(
        (await rows()).map((row) => row.sha256),
        promised,
      );
    },
  });
}

/** The good-bye of a pilot that holds an attempt and has a log. */
export async function goodbye(world: FaultWorld): Promise<Work> {
  const [attempt] = await world.hold();
  const stamp = attempt?.stamp ?? '';
  const { token } = world.tokens.forPilot({ vo: 'lhcb', stamp }, 600);
  await send(world.url, {
    endpoint: pilots.log,
    input: { params: { number: 0 }, body: { text: 'all of it\n' } },
    token,
  });
  const messages = () =>
    world.database.query(
      `SELECT o.message_id FROM outbox o JOIN pilots p ON p.stamp = JSON_VALUE(o.payload, '$.stamp')
       WHERE o.topic = 'seal-log' AND p.stamp = ? AND p.status = 'Done'
         AND NOT EXISTS (SELECT 1 FROM leases l WHERE l.pilot_stamp = p.stamp)`,
      [stamp],
    );
  return workOf(
    { endpoint: pilots.end, input: { body: { status: 'Done' as const, reason: 'no more work' } }, token },
    {
      isDone: async () => (await messages()).length > 0,
      check: async () => assert.equal((await messages()).length, 1),
    },
  );
}

/** The exchange of a pilot's secret for its token. */
export async function exchange(world: FaultWorld): Promise<Work> {
  const { stamp, secret } = await world.submittedPilot();
  const body = { stamp, secret, exchange_id: randomUUID() };
  const audited = () => world.database.query('SELECT 1 AS one FROM audit WHERE subject = ?', [stamp]);
  return workOf(
    { endpoint: pilots.token, input: { body } },
    {
      isDone: async () => (await audited()).length > 0,
      async check(reply) {
        assert.ok((reply as { access_token: string }).access_token.length > 0);
        assert.equal((await audited()).length, 1);
      },
    },
  );
}
