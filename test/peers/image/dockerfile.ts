/** One instruction; `words` are its arguments, of a JSON form or divided by blanks. */
export interface Step {
  instruction: string;
  text: string;
  words: string[];
}

/** A stage of a Dockerfile. */
export interface Stage {
  /** The image it starts from. */
  base: string;
  name: string;
  steps: Step[];
}

const known = ['FROM', 'WORKDIR', 'COPY', 'RUN', 'ENV', 'USER', 'VOLUME', 'EXPOSE', 'HEALTHCHECK', 'CMD'];

/** The stages of a Dockerfile that keeps to what ours uses; throws at anything else. */
export function readDockerfile(text: string): Stage[] {
  const lines = text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .replace(/\\\n\s*/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '');
  const stages: Stage[] = [];
  for (const line of lines) {
    const [, instruction = '', rest = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    if (!known.includes(instruction)) throw new Error(`The Dockerfile has a line that nobody reads: ${line}`);
    if (instruction === 'FROM') {
      const [base = '', , name = ''] = rest.split(/\s+/);
      stages.push({ base, name, steps: [] });
    } else stages.at(-1)?.steps.push({ instruction, text: rest, words: wordsOf(rest) });
  }
  return stages;
}

/** The command of a JSON form, wherever it begins. */
function wordsOf(text: string): string[] {
  const start = text.indexOf('[');
  return start < 0 ? text.split(/\s+/) : (JSON.parse(text.slice(start)) as string[]);
}
