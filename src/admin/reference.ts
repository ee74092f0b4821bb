import { writeFileSync } from 'node:fs';
import { endpoints } from '../contract/index.js';
import { version } from '../platform/index.js';
import { openApi } from '../server/index.js';
import { configurationPage } from './configuration-page.js';

/** The generated files of `docs/`, by name. */
export function referencePages(): Record<string, string> {
  return {
    'openapi.json': `${JSON.stringify(openApi(endpoints, version), null, 2)}\n`,
    'configuration.md': configurationPage(),
  };
}

/** Writes them into a folder. */
export function writeReference(folder: URL): void {
  for (const [name, text] of Object.entries(referencePages())) {
    writeFileSync(new URL(name, folder), text);
    process.stdout.write(`wrote docs/${name}\n`);
  }
}

if (process.argv[1]?.endsWith('reference.js') === true) writeReference(new URL('../../docs/', import.meta.url));
