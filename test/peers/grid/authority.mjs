import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync, copyFileSync } from 'node:fs';
import { join } from 'node:path';

const place = '/DC=test/DC=pilotage';
const end = 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature,keyEncipherment\n';
const host = `${end}extendedKeyUsage=serverAuth,clientAuth\nsubjectAltName=DNS:localhost,IP:127.0.0.1\n`;
const client = `${end}extendedKeyUsage=clientAuth\n`;

/**
 * A certification authority for tests in a folder of its own, as grid software wants to find one: a host certificate
 * for localhost, and one client that a server may know and one that it does not. `trust` is the folder of trusted
 * authorities with the hash link and the signing policy that Globus-style servers look up.
 */
export function makeAuthority(folder) {
  const trust = join(folder, 'trust');
  mkdirSync(trust, { recursive: true });
  const openssl = (...args) => execFileSync('openssl', args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
  const newKey = ['req', '-newkey', 'rsa:2048', '-nodes'];
  const usage = ['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign,cRLSign'];
  const ca = { subject: `${place}/CN=Test CA`, file: join(folder, 'ca.pem') };
  openssl(...newKey, '-x509', '-days', '7', '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', ca.subject, ...usage);

  const issue = (name, commonName, extensions) => {
    const subject = `${place}/CN=${commonName}`;
    writeFileSync(join(folder, `${name}.ext`), extensions);
    openssl(...newKey, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', subject);
    const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '7', '-extfile', `${name}.ext`];
    openssl('x509', '-req', '-in', `${name}.csr`, '-out', `${name}.pem`, ...signed);
    chmodSync(join(folder, `${name}.key`), 0o600);
    return { subject, certificate: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) };
  };
  const authority = {
    ca,
    trust,
    host: issue('host', 'localhost', host),
    known: issue('known', 'Known Client', client),
    unknown: issue('unknown', 'Unknown Client', client),
  };
  publish(trust, ca, openssl('x509', '-in', 'ca.pem', '-noout', '-subject_hash').trim());
  return authority;
}

function publish(trust, ca, hash) {
  copyFileSync(ca.file, join(trust, 'test-ca.pem'));
  symlinkSync('test-ca.pem', join(trust, `${hash}.0`));
  const policy = [
    `access_id_CA X509 '${ca.subject}'`,
    'pos_rights globus CA:sign',
    `cond_subjects globus '"${place}/*"'`,
  ];
  writeFileSync(join(trust, `${hash}.signing_policy`), `${policy.join('\n')}\n`);
}
