import { type Problem, problemsOf } from '../contract/index.js';
import type { StorageContext } from './storage-driver.js';
import type { StorageElement } from './storage-element.js';
import { openStorageElement, StorageSettings } from './open-storage-element.js';
import { StorageElements } from './storage-elements.js';

/** What S3 stores ask of their callers; it comes from the environment and never stands in the configuration. */
export interface S3Keys {
  accessKey: string;
  secretKey: string;
}

/** Settings of storage elements by name, as they stand in one version of the configuration. */
export interface ConfiguredElements {
  version: number;
  elements: Readonly<Record<string, Record<string, unknown>>>;
}

/** The storage elements of the configuration in force: those whose settings change are opened anew. */
export class ConfiguredStorageElements extends StorageElements {
  private version = 0;
  private opened = new Map<string, { settings: string; element: StorageElement }>();
  private readonly replaced: StorageElement[] = [];

  constructor(
    private readonly configured: () => ConfiguredElements,
    private readonly context: StorageContext,
    private readonly s3: S3Keys | null,
  ) {
    super([]);
  }

  override find(name: string): StorageElement | undefined {
    const { version, elements } = this.configured();
    if (version !== this.version) this.follow(elements);
    this.version = version;
    return this.opened.get(name)?.element;
  }

  override async close(): Promise<void> {
    const elements = [...this.opened.values()].map(({ element }) => element);
    await Promise.all([...elements, ...this.replaced].map((element) => element.close()));
  }

  private follow(elements: ConfiguredElements['elements']): void {
    const before = this.opened;
    this.opened = new Map();
    for (const [name, given] of Object.entries(elements)) {
      const settings = JSON.stringify(given);
      const known = before.get(name);
      before.delete(name);
      const element =
        known?.settings === settings
          ? known.element
          : openStorageElement(name, StorageSettings.parse(withKeys(given, this.s3)), this.context);
      if (known !== undefined && known.element !== element) this.replaced.push(known.element);
      this.opened.set(name, { settings, element });
    }
    // Transfers may still run over those that are gone; they are closed at the end.
    this.replaced.push(...[...before.values()].map(({ element }) => element));
  }
}

/** What is wrong with a storage element in a configuration; `path` is where it stands. */
export function checkStorage(driver: string, settings: Record<string, unknown>, path: string): Problem[] {
  const secrets = ['access_key', 'secret_key'].filter((key) => key in settings);
  if (secrets.length > 0) {
    const message = 'secrets stand in the environment (PILOTAGE_S3_ACCESS_KEY, PILOTAGE_S3_SECRET_KEY), not here';
    return secrets.map((key) => ({ path: `${path}.${key}`, message }));
  }
  const placeholder = { accessKey: 'given', secretKey: 'given' };
  const parsed = StorageSettings.safeParse(withKeys({ driver, ...settings }, placeholder));
  if (parsed.success) return [];
  return problemsOf(parsed.error).map((problem) => ({
    path: problem.path === '' ? path : `${path}.${problem.path}`,
    message: problem.message,
  }));
}

function withKeys(settings: Record<string, unknown>, keys: S3Keys | null): Record<string, unknown> {
  if (settings.driver !== 's3' || keys === null) return settings;
  return { ...settings, access_key: keys.accessKey, secret_key: keys.secretKey };
}
