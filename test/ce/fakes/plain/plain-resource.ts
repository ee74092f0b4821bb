import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import {
  type ComputingElement,
  ComputingElementError,
  driverNamed,
  type Submission,
} from '../../../../src/ce/index.js';
import { judge, type Rules } from './plain-tokens.js';

const call = { signal: new AbortController().signal, credentials: { kind: 'none' } } as const;

/** What the resource does instead of answering well. */
export type Mood = 'well' | 'hangs' | 'half' | 'huge' | 'loses replies' | 'full' | 'takes two';

/** What it says of one run instead of the truth. */
export interface Odd {
  status: string;
  native?: string;
  reason?: string;
  held?: true;
}

/**
 * A small resource that speaks JSON over HTTP, with users, tokens and moods. Each user's runs are real processes. It is here to
 * prove the conformance suite, and agents, with a resource that can be brought into every trouble.
 */
export class PlainResource {
  mood: Mood = 'well';
  readonly odd = new Map<string, Odd>();
  readonly rules: Rules = {
    audience: 'plain.example.org',
    users: new Map([
      ['lhcb', 'ann'],
      ['biomed', 'bob'],
    ]),
  };
  /** Calls that were answered, by action. */
  readonly answered = new Map<string, number>();
  private readonly elements = new Map<string, ComputingElement>();
  private readonly owners = new Map<string, string>();
  private readonly server = createServer((request, response) => {
    this.serve(request, response).catch((error: unknown) => {
      response.statusCode = 500;
      response.end(JSON.stringify({ kind: 'protocol', message: String(error) }));
    });
  });

  constructor(private readonly folder: string) {}

  /** Listens at a port of this machine; returns it. */
  async start(port = 0): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, '127.0.0.1', resolve);
    });
    return (this.server.address() as AddressInfo).port;
  }

  /** Goes down: nobody listens any more. Runs go on. */
  async down(): Promise<void> {
    if (!this.server.listening) return;
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  async stop(): Promise<void> {
    await this.down();
    for (const element of this.elements.values()) await element.close();
  }

  ownerOf(reference: string): string {
    return this.owners.get(reference) ?? 'nobody';
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const action = request.url?.slice(1) ?? '';
    const body = JSON.parse(await textOf(request)) as Record<string, unknown>;
    if (this.mood === 'hangs') return;
    const { user, refusal } = judge(request.headers.authorization, action, this.rules);
    if (user === undefined) {
      response.statusCode = refusal.status;
      response.end(JSON.stringify({ kind: refusal.kind, message: refusal.message }));
      return;
    }
    const text = JSON.stringify(await this.answer(action, body, user));
    if (this.mood === 'loses replies' && action === 'submit') return void request.socket.destroy();
    if (this.mood === 'huge') return response.end(`[${'"x",'.repeat(26_214_400)}"x"]`) as never;
    this.answered.set(action, (this.answered.get(action) ?? 0) + 1);
    response.end(this.mood === 'half' ? text.slice(0, Math.ceil(text.length / 2)) : text);
  }

  private async answer(action: string, body: Record<string, unknown>, user: string): Promise<unknown> {
    const ce = await this.elementOf(user, Number(body['max_waiting']));
    const references = (body['references'] ?? []) as string[];
    const reference = String(body['reference']);
    switch (action) {
      case 'submit':
        return this.submit(ce, body['submission'] as Submission, user);
      case 'find':
        return [...(await ce.find(body['stamps'] as string[], call))];
      case 'states':
        return [...(await ce.states(references, call))].map(([name, state]) => [name, this.odd.get(name) ?? state]);
      case 'stop':
        for (const name of references) this.odd.delete(name);
        return [...(await ce.stop(references, call))];
      case 'capacity':
        return ce.capacity('short', call);
      case 'output':
        return ce.output(reference, call);
      case 'log': {
        const state = (await ce.states([reference], call)).get(reference);
        return state?.status === 'unknown' ? null : `${reference} belongs to ${user} and is ${state?.status}\n`;
      }
      case 'clean':
        await ce.clean(references, call);
        return null;
      default:
        return [{ subject: 'identity', verdict: 'ok', message: `You are ${user}` }];
    }
  }

  private async submit(ce: ComputingElement, submission: Submission, user: string): Promise<unknown> {
    const most = this.mood === 'full' ? 0 : this.mood === 'takes two' ? 2 : submission.runs.length;
    const taken = await ce.submit({ ...submission, runs: submission.runs.slice(0, most) }, call);
    const left = submission.runs.slice(most).map(({ stamp }) => {
      return [stamp, { error: new ComputingElementError('capacity', 'The queue is full; try later') }] as const;
    });
    return [...taken, ...left].map(([stamp, outcome]) => {
      if ('reference' in outcome) this.owners.set(outcome.reference, user);
      return [stamp, 'error' in outcome ? { kind: outcome.error.kind, message: outcome.error.message } : outcome];
    });
  }

  /** Each limit has an opening of its own of the user's runs. */
  private async elementOf(user: string, limit: number): Promise<ComputingElement> {
    const key = `${user} ${limit}`;
    const known = this.elements.get(key);
    if (known !== undefined) return known;
    const local = driverNamed('local');
    if (local === undefined) throw new Error('There is no driver local');
    const settings = { slots: 2, stop_grace: 0.5, max_waiting: limit };
    const fresh = await local.open(settings, { name: user, dataDir: join(this.folder, 'runs') });
    this.elements.set(key, fresh);
    return fresh;
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
