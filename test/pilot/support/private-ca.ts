import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate for localhost, and the PEM of the CA that signed it. */
export interface Certificates {
  ca: string;
  cert: string;
  key: string;
}

/** Makes a private CA and a server certificate for localhost and 127.0.0.1 with the openssl program. */
export function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'pilotage-ca-'));
  const at = (name: string): string => join(folder, name);
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { stdio: 'pipe' });
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  try {
    openssl(
      'req',
      '-x509',
      ...curve,
      '-keyout',
      at('ca.key'),
      '-out',
      at('ca.pem'),
      '-days',
      '2',
      '-subj',
      '/CN=Test CA',
    );
    const san = 'subjectAltName=DNS:localhost,IP:127.0.0.1';
    openssl('req', ...curve, '-keyout', at('key.pem'), '-out', at('csr.pem'), '-subj', '/CN=localhost', '-addext', san);
    const sign = [
      '-CA',
      at('ca.pem'),
      '-CAkey',
      at('ca.key'),
      '-CAcreateserial',
      '-days',
      '2',
      '-copy_extensions',
      'copy',
    ];
    openssl('x509', '-req', '-in', at('csr.pem'), ...sign, '-out', at('cert.pem'));
    const read = (name: string): string => readFileSync(at(name), 'utf8');
    return { ca: read('ca.pem'), cert: read('cert.pem'), key: read('key.pem') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
