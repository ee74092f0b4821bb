import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { defineDriver } from '../../driver.js';
import { LocalComputingElement } from './local-computing-element.js';

/** Settings of the driver `local`: real processes on the machine of the agents. */
const LocalSettings = z.strictObject({
  slots: z
    .number()
    .int()
    .positive()
    .optional()
    .describe('Processors that runs may use at one time; those of the machine when absent'),
  folder: z.string().optional().describe('Where runs are kept; <data dir>/ce/<name of the CE> when absent'),
  max_waiting: z.number().int().min(0).default(1_000).describe('Most runs that wait for a slot; more are refused'),
  stop_grace: z.number().positive().default(10).describe('Seconds between TERM and KILL when a run is stopped'),
  environment: z.record(z.string(), z.string()).default({}).describe('Environment of all runs'),
});
export type LocalSettings = z.output<typeof LocalSettings>;

export const local = defineDriver({
  name: 'local',
  settings: LocalSettings,
  open: async (settings, place) =>
    new LocalComputingElement({
      slots: settings.slots ?? availableParallelism(),
      folder: resolve(settings.folder ?? join(place.dataDir, 'ce', place.name)),
      maxWaiting: settings.max_waiting,
      stopGraceSeconds: settings.stop_grace,
      environment: settings.environment,
    }),
});
