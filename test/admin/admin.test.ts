import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { server } from '../../src/contract/index.js';
import { createServer, type Server } from '../../src/server/index.js';
import { Database, Log } from '../../src/platform/index.js';
import { admin } from '../support/admin.js';
import { testConfig } from '../support/config.js';
import { aConfigurationDocument } from '../support/configuration.js';
import { emptyDatabase } from '../support/database.js';
import { environmentOf, Program } from '../support/program.js';

const folder = mkdtempSync(join(tmpdir(), 'pilotage-admin-'));
const file = join(folder, 'site.yaml');
const wrongFile = join(folder, 'wrong.yaml');
let empty: Awaited<ReturnType<typeof emptyDatabase>>;
const before = { ...process.env };
let running: Server;

/** The same as a process of its own, from the build. */
const program = (env: Record<string, string>, ...args: string[]) =>
  Program.run(['bin/pilotage.js', 'admin', ...args], env);

beforeAll(async () => {
  writeFileSync(file, JSON.stringify(aConfigurationDocument(), null, 2));
  writeFileSync(wrongFile, 'vos: { a: { default_group: b, groups: { c: {} } } }\nstorage: 3\n');
  empty = await emptyDatabase();
  const config = testConfig({ databaseUrl: empty.url });
  Object.assign(process.env, environmentOf(config));
  expect((await admin('migrate')).stdout).toMatch(/^applied: Installation/);
  running = await createServer(config, { log: new Log('server', 'error') });
  await running.listen();
});
afterAll(async () => {
  process.env = before;
  await running.close();
  await empty.drop();
  rmSync(folder, { recursive: true });
});

describe('pilotage admin config', () => {
  it('checks a file without any environment, and lists all problems', async () => {
    const check = (path: string) => program({ PATH: '' }, 'config', 'check', path);
    expect(await check(file)).toEqual({
      code: 0,
      stdout: `${file} is a valid configuration: 2 VOs, 1 site, 1 queue, 2 storage elements\n`,
      stderr: '',
    });
    const wrong = await check(wrongFile);
    expect(wrong.code).toBe(1);
    expect(wrong.stdout).toBe('');
    expect(wrong.stderr).toMatch(/^pilotage admin: The configuration has a problem\n {2}storage: .*\(line 2\)\n$/);
  });

  it('applies a file once, shows it and its history', async () => {
    expect((await admin('config', 'apply', file, '--dry-run')).stdout).toMatch(/is a valid configuration/);
    expect((await admin('config', 'show')).stderr).toBe('pilotage admin: no configuration was applied yet\n');
    expect(await admin('config', 'apply', file)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^version 1 applied/),
    });
    expect((await admin('config', 'apply', file)).stdout).toBe('version 1 says the same already\n');
    expect(JSON.parse((await admin('config', 'show')).stdout)).toEqual(
      JSON.parse((await admin('config', 'show', '--version', '1')).stdout),
    );
    expect(await admin('config', 'show', '--version', '7')).toMatchObject({
      code: 1,
      stderr: 'pilotage admin: there is no version 7\n',
    });
    expect((await admin('config', 'history')).stdout).toMatch(/^version {2}applied .*\n1 {8}\d{4}-.*@/);
  });

  it('says in one line which file it cannot read', async () => {
    const { code, stderr } = await admin('config', 'apply', '/nowhere/x.yaml');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^pilotage admin: cannot read \/nowhere\/x\.yaml: .*\n$/);
  });
});

describe('pilotage admin token', () => {
  it('prints a token that the running server accepts, and nothing else', async () => {
    await admin('config', 'apply', file);
    const { stdout, stderr, code } = await admin(
      'token',
      'issue',
      '--vo',
      'lhcb',
      '--group',
      'lhcb_admin',
      '--user',
      'root1',
    );
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
    expect(stdout.trim().split('.')).toHaveLength(3);
    const reply = await fetch(`${running.url}${server.userinfo.path}`, {
      headers: { authorization: `Bearer ${stdout.trim()}` },
    });
    expect(await reply.json()).toMatchObject({
      sub: 'lhcb:root1',
      dirac_group: 'lhcb_admin',
      properties: ['JobAdministrator', 'ServiceAdministrator'],
    });
  });

  it('is written to the audit, without the token', async () => {
    const { stdout: token } = await admin('token', 'issue', '--vo', 'lhcb', '--user', 'bob', '--lifetime', '90');
    const { stdout } = await admin('audit', '--limit', '5');
    const entry = stdout.split('\n').find((row) => row.includes('lhcb:bob'));
    expect(entry).toMatch(/token\.issue/);
    expect(entry).toContain('"group":"lhcb_user"');
    expect(entry).toContain('"seconds":90');
    expect(stdout).not.toContain(token.trim());
    expect(stdout).toMatch(/configuration\.apply +version 1/);
  });

  it.each([
    [['--vo', 'atlas', '--user', 'x'], 'pilotage admin: there is no VO atlas; known are lhcb, biomed\n', 1],
    [['--vo', 'biomed', '--group', 'lhcb_user', '--user', 'x'], /there is no group lhcb_user in biomed; known are/, 1],
    [['--vo', 'lhcb', '--user', 'x', '--lifetime', '99999999'], /at most 2592000/, 2],
    [['--vo', 'lhcb'], /required option '--user <name>' not specified/, 2],
  ])('refuses %j', async (args, complaint, code) => {
    const refused = await admin('token', 'issue', ...args);
    expect(refused).toMatchObject({ code, stdout: '' });
    expect(refused.stderr).toMatch(complaint);
  });
});

describe('pilotage admin keys', () => {
  it('lists, rotates and revokes; a revoked key makes its tokens worthless', async () => {
    await admin('keys', 'list');
    expect((await admin('keys', 'rotate')).stdout).toMatch(/^key [0-9a-f]{32} will sign in two minutes\n$/);
    const { stdout } = await admin('keys', 'list');
    expect(stdout).toMatch(/published/);
    const signing = /^(\w+) +signing/m.exec(stdout)?.[1] ?? '';
    expect((await admin('keys', 'revoke', signing)).code).toBe(0);
    expect((await admin('keys', 'list')).stdout).toMatch(new RegExp(`${signing} +revoked`));
    expect(await admin('keys', 'revoke', 'nonsense')).toMatchObject({
      code: 1,
      stderr: 'pilotage admin: There is no key nonsense\n',
    });
    expect((await admin('audit')).stdout).toMatch(/key\.revoke/);
  });
});

describe('pilotage admin counters', () => {
  it('tells wrong counters of jobs, and corrects them', async () => {
    expect(await admin('counters', 'check')).toMatchObject({ code: 0, stdout: 'all counters are right\n' });
    const database = await Database.open(empty.url, 1);
    await database.execute("INSERT INTO job_counts VALUES ('site', 'lhcb', '', '', '', '', '', 'Nowhere', 'Done', 7)");
    await database.close();
    expect(await admin('counters', 'check')).toMatchObject({
      code: 1,
      stderr: 'pilotage admin: 1 counters are wrong; run pilotage admin counters rebuild\n',
    });
    expect(await admin('counters', 'rebuild')).toMatchObject({
      code: 0,
      stdout: '1 counters were wrong and have been corrected\n',
    });
    expect((await admin('counters', 'check')).code).toBe(0);
    expect((await admin('audit')).stdout).toMatch(/counters\.rebuild/);
  });
});

describe('pilotage admin', () => {
  it('explains itself, command by command', async () => {
    const commands = [
      [],
      ['config'],
      ['config', 'apply'],
      ['token', 'issue'],
      ['keys', 'revoke'],
      ['counters', 'check'],
      ['audit'],
    ];
    for (const command of commands) {
      const { code, stdout } = await admin(...command, '--help');
      expect({ command, code }).toEqual({ command, code: 0 });
      expect(stdout).toMatch(/^Usage: pilotage admin/);
    }
  });

  it('says which settings are missing, and when the database does not answer', async () => {
    const bare = await program({ PATH: '' }, 'audit');
    expect(bare.code).toBe(1);
    expect(bare.stderr).toMatch(/PILOTAGE_DATABASE_URL/);
    const { PILOTAGE_DATABASE_URL: url } = process.env;
    process.env.PILOTAGE_DATABASE_URL = 'mysql://nobody@127.0.0.1:1/none';
    const refused = await admin('audit');
    process.env.PILOTAGE_DATABASE_URL = url;
    expect(refused.code).toBe(3);
    expect(refused.stderr).toMatch(/^pilotage admin: the database does not answer.*\n$/);
  });
});
