import { randomBytes } from 'node:crypto';
import { driverNamed } from '../../src/ce/index.js';
import { conforms, type Peer } from './conformance.js';

const local = driverNamed('local');
if (local === undefined) throw new Error('There is no driver local');

/** Real processes of this machine, which knows nobody and has no connection that could break. */
const thisMachine: Peer = {
  name: 'this machine',
  abilities: {
    slots: 2,
    waiting: 2,
    endsStrays: true,
    stopsAtOnce: true,
    duplicates: 'submit',
    keepsOutputOfStopped: true,
    refusesTooMuch: true,
    logs: false,
    within: 50_000,
    settles: 0,
  },
  wrongSettings: [
    { settings: { slots: 0 }, path: 'sites.A.ces.b.settings.slots' },
    { settings: { slots: 'many', folder: 7 }, path: 'sites.A.ces.b.settings.folder' },
    { settings: { colour: 'red' }, path: 'sites.A.ces.b.settings' },
    { settings: 'local', path: 'sites.A.ces.b.settings' },
  ],
  start: async (folder) => ({
    settings: { slots: 2, max_waiting: 2, stop_grace: 0.5 },
    roomy: { slots: 2, max_waiting: 100, stop_grace: 0.5 },
    queue: 'short',
    credentials: async () => ({ kind: 'none' }),
    absent: (index) => index.toString(16).padStart(32, randomBytes(12).toString('hex')),
    scratch: { here: folder, there: folder },
    stop: async () => undefined,
  }),
  trouble: {
    full: async () => ({ settings: { slots: 1, max_waiting: 0, stop_grace: 0.5 } }),
  },
};

conforms(local, thisMachine);
