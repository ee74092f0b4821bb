// Several servers in one process, as many as the first argument says: one kill ends them all.
import { Log, readConfig } from '../../../dist/platform/index.js';
import { createServer } from '../../../dist/server/index.js';

const config = readConfig();
const log = new Log('server', 'error');
const servers = [];
for (let number = 0; number < Number(process.argv[2]); number += 1) servers.push(await createServer(config, { log }));
await Promise.all(servers.map((server) => server.listen()));
process.send({ urls: servers.map(({ url }) => url) });
