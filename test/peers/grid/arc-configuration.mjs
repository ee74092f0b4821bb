import { join } from 'node:path';

/** arc.conf of a server that starts jobs itself (`fork`) and knows one client certificate. */
export function arcConfiguration({ folder, port, authority }) {
  const sections = {
    common: {
      hostname: 'localhost',
      x509_host_key: authority.host.key,
      x509_host_cert: authority.host.certificate,
      x509_cert_dir: authority.trust,
    },
    'authgroup:certificates': { file: join(folder, 'users.list') },
    mapping: {
      map_to_user: 'certificates nobody:nogroup',
      policy_on_nomap: 'stop',
    },
    lrms: { lrms: 'fork' },
    arex: {
      controldir: join(folder, 'control'),
      sessiondir: join(folder, 'session'),
      runtimedir: join(folder, 'rte'),
      logfile: join(folder, 'log', 'arex.log'),
      joblog: join(folder, 'log', 'jobs.log'),
      pidfile: join(folder, 'run', 'arex.pid'),
      loglevel: 3,
      wakeupperiod: 2,
      delegationdb: 'sqlite',
    },
    'arex/ws': {
      wsurl: `https://localhost:${port}/arex`,
      logfile: join(folder, 'log', 'ws.log'),
      pidfile: join(folder, 'run', 'ws.pid'),
    },
    'arex/ws/jobs': { allowaccess: 'certificates' },
    'arex/ws/publicinfo': {},
    infosys: { logfile: join(folder, 'log', 'infoprovider.log') },
    'infosys/glue2': { admindomain_name: 'TEST' },
    'infosys/cluster': { alias: 'Test' },
    'queue:fork': { comment: 'test queue' },
  };
  return Object.entries(sections).map(section).join('');
}

function section([name, values]) {
  const lines = Object.entries(values).flatMap(([key, value]) => [value].flat().map((one) => `${key}=${one}\n`));
  return `[${name}]\n${lines.join('')}`;
}
