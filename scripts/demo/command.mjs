import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../root.mjs';

/** Runs a command of bin/ as a user of the installation would; answers what it printed. Throws with its error text. */
export function commandOf(installation, token, echo) {
  const env = {
    PATH: process.env.PATH,
    HOME: installation.folder,
    PILOTAGE_URL: installation.url,
    PILOTAGE_CA: installation.ca,
    PILOTAGE_TOKEN: token,
  };
  return (program, ...args) =>
    new Promise((resolve, reject) => {
      if (echo !== undefined) echo(`$ ${program} ${args.join(' ')}`);
      const child = spawn(process.execPath, [join(root, 'bin', `${program}.js`), ...args], {
        env,
        cwd: root,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const [out, err] = [[], []];
      child.stdout.on('data', (bytes) => out.push(bytes));
      child.stderr.on('data', (bytes) => err.push(bytes));
      child.once('error', reject);
      child.once('close', (code) => {
        if (code === 0) resolve(Buffer.concat(out).toString('utf8'));
        else
          reject(
            new Error(
              `${program} ${args.join(' ')} ended with ${code}: ${Buffer.concat([...err, ...out])
                .toString('utf8')
                .trim()}`,
            ),
          );
      });
    });
}
