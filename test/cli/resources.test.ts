import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startServer, type TestServer } from '../support/server.js';
import { Terminal } from './terminal.js';

let server: TestServer;
let terminal: Terminal;

beforeAll(async () => {
  server = await startServer();
  terminal = await Terminal.open(server.url);
  terminal.environment['PILOTAGE_TOKEN'] = server.tokenFor({ group: 'lhcb_admin', user: 'root' });
});
afterAll(async () => {
  await terminal.close();
  await server.close();
});

async function rows(line: string): Promise<Record<string, unknown>[]> {
  const ran = await terminal.run(`${line} --json`);
  expect(ran).toMatchObject({ code: 0, error: '' });
  return JSON.parse(ran.out) as Record<string, unknown>[];
}

describe('pilotage resource', () => {
  it('sets, lists and takes back a status, and does nothing twice', async () => {
    const set = [
      'pilotage resource set banned site:Demo.Local --all-vos --until 2090-01-01T00:00Z --reason',
      'it burns',
    ] as const;
    expect(await terminal.run(...set)).toEqual({ code: 0, error: '', out: '1 changed\n' });
    expect(await terminal.run(...set)).toEqual({ code: 0, error: '', out: '0 changed\n' });
    const common = { kind: 'site', name: 'Demo.Local', access: null, vo: null, status: 'Banned', reason: 'it burns' };
    expect(await rows('pilotage resource list --set')).toEqual([{ ...common, expires_at: '2090-01-01T00:00:00Z' }]);
    expect((await terminal.run('pilotage resource list --kind site')).out).toMatch(
      /^kind +name.*\nsite +Demo\.Local +/,
    );
    const clear = ['pilotage resource clear site:demo.local --all-vos --reason', 'put out'] as const;
    expect(await terminal.run(...clear)).toMatchObject({ code: 0, out: '1 changed\n' });
    expect(await terminal.run(...clear)).toMatchObject({ code: 0, out: '0 changed\n' });
    expect(await rows('pilotage resource list --kind site')).toMatchObject([{ status: 'Active', reason: null }]);
    expect(await rows('pilotage resource history site:Demo.Local')).toMatchObject([
      { status: null, reason: 'put out', author: 'root (lhcb:root)' },
      { status: 'Banned', reason: 'it burns' },
    ]);
  });

  it('sets several at once, for the own VO and for a while, storage by access', async () => {
    const line =
      'pilotage resource set Degraded ce:Demo.Local/local se:LogSE --access read,write --for 12h --reason slow';
    expect(await terminal.run(line)).toEqual({ code: 0, error: '', out: '3 changed\n' });
    const set = await rows('pilotage resource list --set -S degraded -F kind,name,access,vo,author');
    expect(set).toEqual([
      { kind: 'ce', name: 'Demo.Local/local', access: null, vo: 'lhcb', author: 'root (lhcb:root)' },
      { kind: 'storage', name: 'LogSE', access: 'read', vo: 'lhcb', author: 'root (lhcb:root)' },
      { kind: 'storage', name: 'LogSE', access: 'write', vo: 'lhcb', author: 'root (lhcb:root)' },
    ]);
    expect(await rows('pilotage resource list --set --vo biomed')).toEqual([]);
  });

  it('tells all that is wrong, and changes nothing', async () => {
    const ran = await terminal.run(
      'pilotage resource set Banned site:A.B.c ce:Demo.Local/x site:Demo.Local --reason x',
    );
    expect(ran).toEqual({
      code: 1,
      out: '',
      error: `pilotage: there is no site A.B.c for lhcb — see "pilotage resource list"
  resources[0].name: there is no site A.B.c for lhcb
  resources[1].name: there is no ce Demo.Local/x for lhcb
`,
    });
    expect(await rows('pilotage resource list --kind site --set')).toEqual([]);
  });

  it.each([
    ['set Banned site:Demo.Local', '--reason'],
    ['set Closed site:Demo.Local --reason x', 'Closed is no status'],
    ['set Banned Demo.Local --reason x', 'write KIND:NAME'],
    ['set Banned site:Demo.Local --reason x --for soon', '90m'],
    ['set Banned site:Demo.Local --reason x --until 2090-01-01', 'zone'],
    ['set Banned site:Demo.Local --reason x --for 1h --until 2090-01-01T00:00Z', 'cannot be used with'],
    ['set Banned se:LogSE --reason x --access delete', 'Accesses are'],
    ['set Banned site:Demo.Local --reason x --access read', '--access is for storage elements, and none is named'],
    ['set Banned site:Demo.Local --reason x --until 2020-01-01T00:00Z', 'this time is over'],
  ])('says what is wrong with "%s"', async (line, told) => {
    expect(await terminal.run(`pilotage resource ${line}`)).toMatchObject({
      code: 1,
      out: '',
      error: expect.stringContaining(told),
    });
  });

  it('lets nobody set who is no administrator', async () => {
    terminal.environment['PILOTAGE_TOKEN'] = server.tokenFor();
    expect(await terminal.run('pilotage resource set Banned site:Demo.Local --reason x')).toMatchObject({ code: 3 });
    expect((await terminal.run('pilotage resource list')).code).toBe(0);
  });
});
