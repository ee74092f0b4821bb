import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Stage, Step } from './dockerfile.js';

/** What an image ends with. */
export interface Image {
  folder: string;
  environment: Record<string, string>;
  uid: number;
  command: string[];
  check: string[];
}

// What the image's user `node` is here; any user that is not root will do.
const nobody = 65_534;

/**
 * Runs the steps of the stages in folders below `top`, which take the place of the images' root: the absolute paths that
 * `rooted` names lead there. COPY without --from copies from `context`.
 */
export function runStages(
  stages: Stage[],
  { top, context, rooted }: { top: string; context: string; rooted: string[] },
): Image {
  const images = new Map<string, Image>();
  let last: Image | undefined;
  for (const [index, stage] of stages.entries()) {
    const folder = join(top, `stage-${index}`);
    mkdirSync(folder);
    chmodSync(folder, 0o755);
    last = runStage(stage, { folder, context, rooted, images });
    images.set(stage.name, last);
  }
  if (last === undefined) throw new Error('The Dockerfile has no stage');
  return last;
}

interface Ground {
  folder: string;
  context: string;
  rooted: string[];
  images: Map<string, Image>;
}

function runStage({ steps }: Stage, ground: Ground): Image {
  const image: Image = { folder: ground.folder, environment: {}, uid: 0, command: [], check: [] };
  const here = (text: string): string =>
    ground.rooted.reduce((known, path) => known.replaceAll(path, join(image.folder, path)), text);
  const doing: Record<string, (step: Step) => void> = {
    WORKDIR: ({ text }) => {
      mkdirSync(here(text), { recursive: true });
      image.environment['PWD'] = here(text);
    },
    ENV: ({ words }) => {
      for (const word of words) {
        const [name = '', value = ''] = word.split(/=(.*)/s);
        image.environment[name] = here(value);
      }
    },
    COPY: ({ words }) => copy(words, image, ground),
    RUN: ({ text }) => {
      const command = here(text).replaceAll('-o node -g node', `-o ${nobody} -g ${nobody}`);
      // What an engine would get as build arguments: where npm's registry is.
      const ours = Object.entries(process.env).filter(([name]) => /^(PATH|HOME|npm_config_.*)$/.test(name));
      const env = { ...Object.fromEntries(ours), ...image.environment };
      execFileSync('/bin/sh', ['-c', command], { cwd: image.environment['PWD'], env, stdio: 'pipe' });
    },
    USER: () => (image.uid = nobody),
    CMD: ({ words }) => (image.command = words),
    HEALTHCHECK: ({ words }) => (image.check = words),
  };
  for (const step of steps) doing[step.instruction]?.(step);
  return image;
}

/** Copies as an engine does: of a folder its content, of a file itself. */
function copy(words: string[], image: Image, { context, images }: Ground): void {
  const from = words.find((word) => word.startsWith('--from='))?.slice('--from='.length);
  const paths = words.filter((word) => !word.startsWith('--'));
  const target = join(image.environment['PWD'] ?? image.folder, paths.pop() ?? '');
  const origin = from === undefined ? context : images.get(from)?.folder;
  if (origin === undefined) throw new Error(`COPY from ${from}, which is no stage`);
  for (const path of paths) {
    const source = join(origin, path);
    if (!existsSync(source)) throw new Error(`COPY ${path}: there is no such file`);
    const isFile = statSync(source).isFile();
    const isFolder = words.at(-1)?.endsWith('/') === true;
    cpSync(source, isFile && isFolder ? join(target, basename(path)) : target, {
      recursive: true,
      verbatimSymlinks: true,
    });
  }
}
