/** A file that the server offers to pilots. */
export interface PilotFile {
  name: string;
  sha256: string;
}

/** What a pilot must know to start. */
export interface PilotWrapperValues {
  /** URL of the server, without a slash at the end. */
  server: string;
  stamp: string;
  /** The one-time secret. */
  secret: string;
  /** PEM of the CA that signed the server's certificate; absent when the node's own list will do. */
  ca?: string;
  bundle: PilotFile;
  /** Node for worker nodes that have none, by architecture. */
  runtimes?: { x64?: PilotFile; arm64?: PilotFile };
  /** CVMFS folders that may hold the same files. */
  cvmfs?: string[];
  /** Where the pilot shall work; the worker node's scratch folder when absent. */
  workdir?: string;
  /** Settings of the pilot: names that start with PILOTAGE_PILOT_, or PILOTAGE_NODE. */
  settings?: Record<string, string>;
}

const placeholder = '# @PILOTAGE_HEADER@';

/**
 * The script that a CE runs for one pilot: the template (`src/pilot/wrapper.sh`) with its values as shell assignments.
 * Values are quoted, whatever they hold. Only settings are exported: the secret stays out of every environment.
 */
export function renderWrapper(template: string, values: PilotWrapperValues): string {
  if (!template.includes(`\n${placeholder}\n`)) throw new Error(`the template has no line "${placeholder}"`);
  const { x64, arm64 } = values.runtimes ?? {};
  const assignments: Record<string, string> = {
    PILOTAGE_SERVER: values.server.replace(/\/+$/, ''),
    PILOTAGE_STAMP: values.stamp,
    PILOTAGE_SECRET: values.secret,
    PILOTAGE_CA: values.ca ?? '',
    PILOTAGE_BUNDLE_NAME: values.bundle.name,
    PILOTAGE_BUNDLE_SHA256: values.bundle.sha256,
    PILOTAGE_RUNTIME_X64_NAME: x64?.name ?? '',
    PILOTAGE_RUNTIME_X64_SHA256: x64?.sha256 ?? '',
    PILOTAGE_RUNTIME_ARM64_NAME: arm64?.name ?? '',
    PILOTAGE_RUNTIME_ARM64_SHA256: arm64?.sha256 ?? '',
    PILOTAGE_CVMFS: (values.cvmfs ?? []).join(' '),
    PILOTAGE_WORKDIR: values.workdir ?? '',
  };
  const header = [
    ...Object.entries(assignments).map(([name, value]) => `${name}=${quoted(value)}`),
    ...Object.entries(values.settings ?? {}).map(([name, value]) => `export ${checkedName(name)}=${quoted(value)}`),
  ].join('\n');
  return template.replace(placeholder, () => header);
}

/** A word that any POSIX shell reads back as it was. */
function quoted(value: string): string {
  if (value.includes('\0')) throw new Error('a value for a shell script must not hold a NUL');
  return `'${value.replaceAll("'", `'\\''`)}'`;
}

function checkedName(name: string): string {
  if (/^(PILOTAGE_PILOT_[A-Z_]+|PILOTAGE_NODE)$/.test(name)) return name;
  throw new Error(`${name} is no setting of the pilot`);
}
