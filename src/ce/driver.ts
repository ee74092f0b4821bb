import type { z } from 'zod';
import type { Problem } from '../contract/index.js';
import type { ComputingElement } from './computing-element.js';

/** Where a computing element stands. */
export interface CePlace {
  /** Name of the CE in the configuration. */
  name: string;
  /** Folder of this process's host for files that may be lost. */
  dataDir: string;
}

/** What a bearer token must say to be of use at a computing element. */
export interface TokenNeeds {
  audience: string;
  scopes: readonly string[];
}

/** One kind of computing element: its settings in the configuration and how to open it. */
export interface CeDriver<Settings extends z.ZodType = z.ZodType> {
  name: string;
  settings: Settings;
  /** Absent when the resource takes no tokens. */
  token?(settings: z.output<Settings>, place: Pick<CePlace, 'name'>): TokenNeeds;
  /** Asks nothing of the resource yet: a CE that is down can be opened. */
  open(settings: z.output<Settings>, place: CePlace): Promise<ComputingElement>;
}

/** A driver whose settings are parsed before they are opened. */
export interface OpenableDriver {
  name: string;
  /** What is wrong with the settings; paths begin with `path`. */
  check(settings: unknown, path: string): Problem[];
  /** Null when the resource takes no tokens. Throws a ZodError when the settings are wrong. */
  token(settings: unknown, place: Pick<CePlace, 'name'>): TokenNeeds | null;
  /** Throws a ZodError when the settings are wrong. */
  open(settings: unknown, place: CePlace): Promise<ComputingElement>;
}

/** Declares a driver. */
export function defineDriver<Settings extends z.ZodType>(driver: CeDriver<Settings>): OpenableDriver {
  return {
    name: driver.name,
    check(settings, path) {
      const parsed = driver.settings.safeParse(settings);
      if (parsed.success) return [];
      return parsed.error.issues.map((issue) => ({
        path: [path, ...issue.path.map(String)].join('.'),
        message: issue.message,
      }));
    },
    token: (settings, place) => driver.token?.(driver.settings.parse(settings), place) ?? null,
    open: (settings, place) => driver.open(driver.settings.parse(settings), place),
  };
}
