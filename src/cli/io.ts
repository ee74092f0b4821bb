/** Everything that a command touches outside itself; tests bring their own. */
export interface Io {
  out: (text: string) => void;
  error: (text: string) => void;
  /** The whole standard input. */
  input: () => Promise<string>;
  /** Whether standard output is a terminal: then tables are fitted to it and coloured. */
  outIsTerminal: boolean;
  /** Whether standard error is a terminal: then progress is shown. */
  errorIsTerminal: boolean;
  /** Whether a person may be typing the standard input. */
  inputIsTerminal: boolean;
  /** Width of the terminal, in characters. */
  columns: () => number;
  /** Folder that relative paths are meant from. */
  folder: string;
  environment: Readonly<Record<string, string | undefined>>;
  /** Aborted when the user wants to stop (Ctrl-C). */
  signal: AbortSignal;
}

/** The reason of the signal after Ctrl-C. */
export class Interrupted extends Error {
  constructor() {
    super('interrupted');
    this.name = 'Interrupted';
  }
}
