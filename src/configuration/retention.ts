import type { Configuration } from './schema.js';

/** The rules of retention that hold for one VO. */
export type VoRetention = Required<Configuration['vos'][string]['retention']>;

/** The rules for a VO: its own where it has some, else those of the installation. It need not be configured any more. */
export function retentionOf({ vos, retention }: Configuration, vo: string): VoRetention {
  const { history_days: _history, audit_days: _audit, ...common } = retention;
  const own = Object.hasOwn(vos, vo) ? vos[vo]?.retention : undefined;
  return { ...common, ...own };
}

/** The name of the storage element to which finished jobs of a VO are archived; null when they are not archived. */
export function archiveElement(configuration: Configuration, vo: string): string | null {
  if (!retentionOf(configuration, vo).archive_jobs) return null;
  return configuration.storage.archive ?? configuration.storage.pilot_logs;
}
