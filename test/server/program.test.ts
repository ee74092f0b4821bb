import { describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testConfig } from '../support/config.js';
import { emptyDatabase } from '../support/database.js';
import { environmentOf, listening, Program } from '../support/program.js';

const main = ['dist/main.js'];

describe('the server program', () => {
  it('explains itself without any setting', async () => {
    const help = await Program.run([...main, '--help'], { PATH: '' });
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toMatch(/PILOTAGE_DATABASE_URL {2}\(required\)/);
    expect((await Program.run([...main, '--version'], { PATH: '' })).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('lists all settings that are wrong, and unknown options', async () => {
    const bare = await Program.run(main, { PATH: '', PILOTAGE_LISTEN: 'nowhere' });
    expect(bare.code).toBe(1);
    expect(bare.stderr).toMatch(/PILOTAGE_DATABASE_URL[^]*PILOTAGE_LISTEN[^]*PILOTAGE_MASTER_KEY_FILE/);
    const wrong = await Program.run([...main, '--colour'], { PATH: '' });
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toMatch(/^pilotage server: Unknown option '--colour'[^\n]*\n$/);
  });

  it('migrates and ends, or serves over HTTPS until SIGTERM', async () => {
    const { url, drop } = await emptyDatabase();
    const folder = mkdtempSync(join(tmpdir(), 'pilotage-tls-'));
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
    const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
    execFileSync('openssl', [...request, ...names, '-keyout', key, '-out', cert], { stdio: 'ignore' });
    const env = {
      ...environmentOf(testConfig({ databaseUrl: url })),
      PILOTAGE_TLS_CERT: cert,
      PILOTAGE_TLS_KEY: key,
    };
    expect(await Program.run([...main, '--migrate-only'], env)).toMatchObject({ code: 0, stderr: '' });

    const program = new Program(main, env);
    const base = await listening(program);
    expect(base).toMatch(/^https:/);
    const agent = new Agent({ ca: readFileSync(cert), keepAlive: true });
    const status = await new Promise((resolve, reject) => {
      get(`${base}/api/health/live`, { agent }, (reply) => {
        reply.resume();
        resolve(reply.statusCode);
      }).on('error', reject);
    });
    expect(status).toBe(200);
    program.process.kill('SIGTERM');
    expect(await program.ended).toBe(0);
    expect(program.stdout).toContain('"message":"The server stops"');
    agent.destroy();
    rmSync(folder, { recursive: true });
    await drop();
  });

  it('ends in order, at its limit, or at the second signal', async () => {
    const ends = {
      'async () => undefined': 0,
      '() => Promise.reject(new Error("no"))': 1,
      '() => new Promise(() => 0)': 1,
    };
    for (const [end, code] of Object.entries(ends)) {
      const program = stopping(end, 0.5);
      await says(program, 'up');
      program.process.kill('SIGTERM');
      expect(await program.ended).toBe(code);
    }
    const impatient = stopping('() => new Promise(() => 0)', 60);
    await says(impatient, 'up');
    impatient.process.kill('SIGTERM');
    await says(impatient, 'It stops');
    impatient.process.kill('SIGTERM');
    expect(await impatient.ended).toBe(130);
  });
});

/** A program that does nothing but stop as ours do. */
function stopping(end: string, limitSeconds: number): Program {
  const source = `import { Log, stopOnSignal } from './dist/platform/index.js';
    stopOnSignal({ log: new Log('test'), name: 'It', end: ${end}, limitSeconds: ${limitSeconds} });
    setInterval(() => undefined, 1_000);
    console.log('up');`;
  return new Program(['--input-type=module', '--eval', source], { PATH: '' });
}

async function says(program: Program, words: string): Promise<void> {
  while (!program.stdout.includes(words)) {
    const ended = await Promise.race([program.ended, new Promise((resolve) => setTimeout(resolve, 20))]);
    if (ended !== undefined) throw new Error(`It ended with ${String(ended)}: ${program.stderr}`);
  }
}
