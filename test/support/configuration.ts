import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Configuration, Configurations, type DriverChecks } from '../../src/configuration/index.js';
import type { Database } from '../../src/platform/index.js';
import { uniquePrefix } from './redis.js';

/** Any part of a configuration; what is given replaces what stands in {@link aConfiguration} key by key. */
export type Overrides = { [key: string]: unknown };

/** Accepts every driver and setting: for tests that are not about drivers. */
export const anyDriver: DriverChecks = { computingElement: () => [], storageElement: () => [] };

/**
 * A small installation as an operator would write it: VOs `lhcb` and `biomed`, site `Demo.Local` with CE `local`, and two
 * storage elements in a folder of their own.
 */
export function aConfigurationDocument(overrides: Overrides = {}): Record<string, unknown> {
  const folder = join(tmpdir(), uniquePrefix());
  const document = {
    vos: {
      lhcb: {
        default_group: 'lhcb_user',
        groups: {
          lhcb_user: { properties: ['NormalUser'] },
          lhcb_admin: { properties: ['JobAdministrator', 'ServiceAdministrator'] },
          lhcb_pilot: { properties: ['GenericPilot'] },
          lhcb_prod: { properties: ['NormalUser', 'JobSharing'] },
        },
      },
      biomed: {
        default_group: 'biomed_user',
        groups: {
          biomed_user: { properties: ['NormalUser'] },
          biomed_admin: { properties: ['JobAdministrator', 'ServiceAdministrator'] },
          biomed_jobs: { properties: ['JobAdministrator'] },
        },
      },
    },
    sites: {
      'Demo.Local': {
        ces: {
          local: {
            driver: 'local',
            settings: { slots: 4 },
            queues: { all: { vos: ['lhcb', 'biomed'], processors: 2, memory: 4_000 } },
          },
        },
      },
    },
    storage: {
      elements: {
        SandboxSE: { driver: 'file', root: join(folder, 'sandboxes') },
        LogSE: { driver: 'file', root: join(folder, 'logs') },
      },
      sandboxes: 'SandboxSE',
      pilot_logs: 'LogSE',
    },
  };
  return merge(document, overrides) as Record<string, unknown>;
}

/** The same, checked and with its defaults filled in. */
export function aConfiguration(overrides: Overrides = {}): Configuration {
  return Configuration.parse(aConfigurationDocument(overrides));
}

/** Applies {@link aConfigurationDocument} to a database. Returns its version. */
export async function applyConfiguration(database: Database, overrides: Overrides = {}): Promise<number> {
  const configurations = new Configurations(database, { wake: () => undefined }, anyDriver);
  const { version } = await configurations.apply(JSON.stringify(aConfigurationDocument(overrides)), 'test');
  return version;
}

function merge(base: unknown, over: unknown): unknown {
  if (!isRecord(base) || !isRecord(over)) return over;
  const keys = new Set([...Object.keys(base), ...Object.keys(over)]);
  return Object.fromEntries([...keys].map((key) => [key, key in over ? merge(base[key], over[key]) : base[key]]));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
