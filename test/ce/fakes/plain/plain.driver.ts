import { request, type RequestOptions } from 'node:http';
import { z } from 'zod';
import { readJson } from '../../../../src/ce/bounded-body.js';
import {
  type Capacity,
  type CeCall,
  type ComputingElement,
  ComputingElementError,
  defineDriver,
  type Finding,
  type RunOutput,
  type RunState,
  type RunStatus,
  runStatuses,
  type StopOutcome,
  type Submission,
  type SubmitOutcome,
} from '../../../../src/ce/index.js';

/** Most bytes of a reply. */
const limit = 8_388_608;

const PlainSettings = z.strictObject({ port: z.number().int().positive(), max_waiting: z.number().default(2) });

/** The other side of {@link PlainResource}. */
class PlainComputingElement implements ComputingElement {
  constructor(private readonly settings: z.output<typeof PlainSettings>) {}

  async submit(submission: Submission, call: CeCall): Promise<Map<string, SubmitOutcome>> {
    type Said = { reference: string } | { kind: ComputingElementError['kind']; message: string };
    const said = await this.ask<[string, Said][]>('submit', { submission }, call);
    return new Map(
      said.map(([stamp, end]) => [
        stamp,
        'reference' in end ? end : { error: new ComputingElementError(end.kind, end.message) },
      ]),
    );
  }
  async find(stamps: readonly string[], call: CeCall): Promise<Map<string, string>> {
    return new Map(await this.ask<[string, string][]>('find', { stamps }, call));
  }
  async states(references: readonly string[], call: CeCall): Promise<Map<string, RunState>> {
    const said = await this.ask<[string, RunState][]>('states', { references }, call);
    return new Map(said.map(([reference, state]) => [reference, understood(state)]));
  }
  async stop(references: readonly string[], call: CeCall): Promise<Map<string, StopOutcome>> {
    return new Map(await this.ask<[string, 'stopped' | 'gone'][]>('stop', { references }, call));
  }
  capacity(queue: string, call: CeCall): Promise<Capacity> {
    return this.ask('capacity', { queue }, call);
  }
  output(reference: string, call: CeCall): Promise<RunOutput | null> {
    return this.ask('output', { reference }, call);
  }
  log(reference: string, call: CeCall): Promise<string | null> {
    return this.ask('log', { reference }, call);
  }
  check(queue: string, call: CeCall): Promise<Finding[]> {
    return this.ask('check', { queue }, call);
  }
  async clean(references: readonly string[], call: CeCall): Promise<void> {
    await this.ask('clean', { references }, call);
  }
  async close(): Promise<void> {}

  private async ask<T>(action: string, body: object, { signal, credentials }: CeCall): Promise<T> {
    signal.throwIfAborted();
    const token = credentials.kind === 'token' ? { authorization: `Bearer ${credentials.token}` } : {};
    try {
      const { status, said } = await new Promise<{ status: number; said: unknown }>((resolve, reject) => {
        const options: RequestOptions = {
          port: this.settings.port,
          host: '127.0.0.1',
          method: 'POST',
          path: `/${action}`,
          headers: token,
          signal,
          agent: false,
        };
        const asking = request(options, (reply) => {
          readJson(reply, limit, `The reply to ${action}`).then(
            (json) => resolve({ status: reply.statusCode ?? 0, said: json }),
            reject,
          );
        });
        asking.once('error', reject);
        asking.end(JSON.stringify({ ...body, max_waiting: this.settings.max_waiting }));
      });
      if (status === 200) return said as T;
      const { kind, message } = said as { kind: ComputingElementError['kind']; message: string };
      throw new ComputingElementError(kind, message);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ComputingElementError) throw error;
      throw new ComputingElementError(
        'unreachable',
        `The resource does not answer: ${(error as Error).message}`,
        error,
      );
    }
  }
}

function understood(state: Omit<RunState, 'status'> & { status: string }): RunState {
  const status = runStatuses.find((known): known is RunStatus => known === state.status);
  return status === undefined ? { status: 'unknown', native: state.status } : { ...state, status };
}

export const plain = defineDriver({
  name: 'plain',
  settings: PlainSettings,
  token: () => ({ audience: 'plain.example.org', scopes: ['create', 'read'] }),
  open: async (settings) => new PlainComputingElement(settings),
});
