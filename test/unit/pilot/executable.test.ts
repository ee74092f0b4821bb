import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { expandVariables, quoted, resolveExecutable } from '../../../src/pilot/executable.js';

let job: string;
beforeAll(() => {
  job = mkdtempSync(join(tmpdir(), 'pilotage-executable-'));
  mkdirSync(join(job, 'sub'));
  for (const name of ['own.sh', 'sub/deep.sh', 'ls']) {
    writeFileSync(join(job, name), '#!/bin/sh\n');
    chmodSync(join(job, name), 0o644);
  }
});
afterAll(() => rmSync(job, { recursive: true, force: true }));

const environment = { PATH: '/usr/bin:/bin', CMD: 'cat', EMPTY: '' };

describe('the executable of a job', () => {
  it('is looked for on PATH when the job brings none of that name', () => {
    expect(resolveExecutable('cat', job, environment)).toBe('/usr/bin/cat');
    expect(resolveExecutable('${CMD}', job, environment)).toBe('/usr/bin/cat');
    expect(resolveExecutable('ls', job, environment)).toBe(join(job, 'ls'));
  });

  it('is made executable when the job brought it', () => {
    expect(resolveExecutable('sub/deep.sh', job, environment)).toBe(join(job, 'sub/deep.sh'));
    expect(resolveExecutable('./own.sh', job, environment)).toBe(join(job, 'own.sh'));
    expect(statSync(join(job, 'own.sh')).mode & 0o111).toBe(0o111);
  });

  it('is never a file outside of the directory by a relative name or a link, whose rights stay as they are', () => {
    const outside = `${job}-outside`;
    writeFileSync(outside, 'root:secret');
    chmodSync(outside, 0o600);
    symlinkSync(outside, join(job, 'link'));
    try {
      expect(resolveExecutable(`../${basename(outside)}`, job, environment)).toBeUndefined();
      expect(resolveExecutable('link', job, environment)).toBeUndefined();
      expect(statSync(outside).mode & 0o777).toBe(0o600);
    } finally {
      rmSync(outside);
    }
  });

  it.each(['pippo', './pippo', '/no/such/program', 'sub', '/tmp', '${MISSING}'])('is not found as %s', (name) => {
    expect(resolveExecutable(name, job, environment)).toBeUndefined();
  });

  it('may hold variables, and keeps those that have no value', () => {
    expect(expandVariables('$CMD/${CMD}-$NONE${EMPTY}', environment)).toBe('cat/cat-$NONE');
  });

  it('is quoted for the shell', () => {
    expect(quoted("it's")).toBe(`'it'\\''s'`);
  });
});
