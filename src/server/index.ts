export { createServer, notServedYet, type Server, type ServerOptions } from './create-server.js';
export { openApi } from './openapi.js';
