import { readFileSync } from 'node:fs';
import { type RequestOptions, request } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';

const setting = (name: string): string => {
  const value = process.env[`PILOTAGE_ARC_${name}`];
  if (!value) throw new Error(`PILOTAGE_ARC_${name} is not set: npm run test:peers -- arc6 sets it`);
  return value;
};
const file = (name: string): Buffer => readFileSync(setting(name));

interface Reply {
  status: number | undefined;
  body: string;
}

const call = (method: string, path: string, who: RequestOptions, body = ''): Promise<Reply> =>
  new Promise((resolve, reject) => {
    const headers = {
      accept: 'application/json',
      'content-type': body.startsWith('<') ? 'application/xml' : 'application/json',
      'content-length': Buffer.byteLength(body),
      ...(who.headers as Record<string, string> | undefined),
    };
    const options = { ...who, method, headers, ca: file('CA'), agent: false as const };
    const sent = request(`${setting('ENDPOINT')}${path}`, options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode, body: text }));
      response.on('error', reject);
    });
    sent.on('error', reject).end(body);
  });

const activity = `<?xml version="1.0" encoding="UTF-8"?>
<ActivityDescription xmlns="http://www.eu-emi.eu/es/2010/12/adl">
  <Application>
    <Executable><Path>/bin/echo</Path><Argument>from a real server</Argument></Executable>
    <Output>out</Output><Error>err</Error>
  </Application>
  <Resources><QueueName>fork</QueueName></Resources>
  <DataStaging>
    <OutputFile><Name>out</Name></OutputFile><OutputFile><Name>err</Name></OutputFile>
  </DataStaging>
</ActivityDescription>`;

/** ARC 6 sends one job as an object and several as an array. */
const firstJob = ({ body }: Reply): Record<string, string> => {
  const { job } = JSON.parse(body) as { job: Record<string, string> | Record<string, string>[] };
  return [job].flat()[0] ?? {};
};

const runToTheEnd = async (who: RequestOptions): Promise<string> => {
  const submitted = await call('POST', '/1.0/jobs?action=new', who, activity);
  expect(submitted.status).toBe(201);
  const { id } = firstJob(submitted);
  expect(id).toMatch(/^\w+$/);
  const asked = JSON.stringify({ job: [{ id }] });
  for (;;) {
    const { state } = firstJob(await call('POST', '/1.0/jobs?action=status', who, asked));
    if (state === 'FINISHED') break;
    if (/FAILED|KILLED|WIPED/.test(String(state))) throw new Error(`the job is ${state}`);
    await delay(500);
  }
  return (await call('GET', `/1.0/jobs/${id}/session/out`, who)).body;
};

describe('ARC 6', () => {
  const certificate = () => ({ cert: file('CERTIFICATE'), key: file('KEY') });
  const stranger = () => ({ cert: file('UNKNOWN_CERTIFICATE'), key: file('UNKNOWN_KEY') });

  it('runs a job of a client certificate and gives its output back', async () => {
    expect(await runToTheEnd(certificate())).toBe('from a real server\n');
  }, 300_000);

  it('refuses a certificate that it does not know with the status 500', async () => {
    expect((await call('GET', '/1.0/jobs', stranger())).status).toBe(500);
  }, 60_000);
});
