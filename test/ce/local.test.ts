import { driverNamed } from '../../src/ce/index.js';
import { conforms } from './conformance.js';

const local = driverNamed('local');
if (local === undefined) throw new Error('There is no driver local');

conforms(local, {
  settings: { slots: 2, max_waiting: 2, stop_grace: 0.5 },
  wrongSettings: [
    { settings: { slots: 0 }, path: 'sites.A.ces.b.settings.slots' },
    { settings: { slots: 'many', folder: 7 }, path: 'sites.A.ces.b.settings.folder' },
    { settings: { colour: 'red' }, path: 'sites.A.ces.b.settings' },
    { settings: 'local', path: 'sites.A.ces.b.settings' },
  ],
});
