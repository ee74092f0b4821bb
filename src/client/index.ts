export { Connection, type ConnectionSettings, type Exchange } from './connection.js';
export { httpsTransport } from './https-transport.js';
export { packSandbox, type SandboxFile } from './pack-sandbox.js';
export { bypassesProxy, type ProxySettings } from './proxy.js';
export {
  type Patience,
  pauseSeconds,
  persist,
  type TryAgain,
  unreachableOnly,
  withManners,
  withRetry,
} from './retry.js';
export { followEvents, type Following, type ServerEvent } from './sse.js';
export {
  downloadFile,
  type Downloaded,
  freshSignatureMayHelp,
  transferMayHelp,
  type TransferOptions,
  TransferRefused,
  uploadForm,
} from './transfer.js';
export { checkSandbox, sandboxLimits, unpackSandbox } from './unpack-sandbox.js';
export { Unreachable } from './unreachable.js';
export { UnsafeArchive } from './unsafe-archive.js';
