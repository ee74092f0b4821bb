export { Jobs } from './jobs/jobs.js';
export { fullPfn, shortPfn, type SandboxOwner } from './outputs/pfn.js';
export { Sandboxes } from './outputs/sandboxes.js';
export { PilotLogs } from './pilot-logs/pilot-logs.js';
export { WmsModule } from './wms.module.js';
