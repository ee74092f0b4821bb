import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import type { JobDescriptionInput } from '../../../src/contract/index.js';
import { FakePilotServer } from './fake-server.js';
import { bundlePilot, PilotProcess } from './pilot-process.js';

/** What a test of the pilot works with. */
export interface PilotSuite {
  readonly server: FakePilotServer;
  readonly folder: string;
  readonly bundle: string;
  start(settings?: Record<string, string>): PilotProcess;
}

/** Bundles the pilot once, gives each test a fresh server, and ends every pilot that a test leaves behind. */
export function pilotSuite(): PilotSuite {
  let bundle = '';
  let folder = '';
  let server: FakePilotServer;
  const started: PilotProcess[] = [];
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'pilotage-suite-'));
    bundle = await bundlePilot(folder);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  beforeEach(async () => {
    server = await new FakePilotServer().up();
  });
  afterEach(async () => {
    await Promise.all(started.splice(0).map((pilot) => pilot.remove()));
    await server.down();
  });
  return {
    get server() {
      return server;
    },
    get folder() {
      return folder;
    },
    get bundle() {
      return bundle;
    },
    start(settings = {}) {
      const pilot = new PilotProcess(bundle, server, settings);
      started.push(pilot);
      return pilot;
    },
  };
}

/** A job that runs a script with sh. */
export function shell(script: string): Pick<JobDescriptionInput, 'executable' | 'arguments'> {
  return { executable: '/bin/sh', arguments: `-c '${script}'` };
}
