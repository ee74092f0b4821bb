export { Interrupted, type Io } from './io.js';
export { programs, run, type ProgramName } from './run.js';
