export {
  describeAttributes,
  findJdlAttribute,
  jdlAttributes,
  jdlNameOf,
  type JdlAttributeMeaning,
} from './attributes.js';
export { checkJdl, jdlToDescription, readJdl } from './description.js';
export { parseJdl } from './parser.js';
export { printJdl, printJdlValue } from './print.js';
export type { DraftDescription } from './reading.js';
export { JdlRecord, JdlSyntaxError, type JdlAttribute, type JdlPosition, type JdlValue } from './values.js';
