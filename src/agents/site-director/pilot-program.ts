import type { Program } from '../../ce/index.js';
import type { QueueView } from '../../configuration/index.js';
import type { PilotFiles } from '../../platform/index.js';
import { renderWrapper } from './pilot-wrapper.js';

/** One pilot that is about to be started; `secret` is its one-time secret in clear. */
export interface PilotToStart {
  stamp: string;
  secret: string;
  queue: QueueView;
  /** `PILOTAGE_PILOT_*` for all pilots of the installation. */
  environment: Readonly<Record<string, string>>;
}

/** Makes the program that starts one pilot. */
export type RenderPilot = (pilot: PilotToStart) => Program;

/** Renders wrappers that fetch the pilot from this server. */
export function pilotRenderer(
  files: Pick<PilotFiles, 'bundle' | 'wrapper' | 'runtime'>,
  server: { url: string; ca: string | null },
): RenderPilot {
  return ({ stamp, secret, queue, environment }) => {
    const runtimes = { x64: files.runtime('x64'), arm64: files.runtime('arm64') };
    const { bundle } = files;
    const script = renderWrapper(files.wrapper, {
      server: server.url,
      stamp,
      secret,
      bundle: { name: bundle.name, sha256: bundle.sha256 },
      ...(server.ca === null ? {} : { ca: server.ca }),
      runtimes: {
        ...(runtimes.x64 === null ? {} : { x64: runtimes.x64 }),
        ...(runtimes.arm64 === null ? {} : { arm64: runtimes.arm64 }),
      },
      settings: { ...settingsOf(queue), ...environment },
    });
    return { script, arguments: [], environment: {}, files: [] };
  };
}

/** What the queue promises to a pilot. On a whole node the pilot finds out itself what there is. */
function settingsOf(queue: QueueView): Record<string, string> {
  const wall = { PILOTAGE_PILOT_WALL_LIMIT: String(queue.max_wall_time) };
  if (queue.whole_node) return wall;
  return {
    ...wall,
    PILOTAGE_PILOT_PROCESSORS: String(queue.processors),
    PILOTAGE_PILOT_MEMORY: String(queue.memory),
    PILOTAGE_PILOT_GPUS: String(queue.gpus),
  };
}
