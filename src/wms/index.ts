export { Jobs } from './jobs/jobs.js';
export { WmsModule } from './wms.module.js';
