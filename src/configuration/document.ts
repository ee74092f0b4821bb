import { isCollection, isMap, isNode, isScalar, LineCounter, parseDocument, type Document } from 'yaml';
import type { z } from 'zod';
import type { Problem } from '../contract/index.js';
import { Configuration } from './schema.js';

type Path = readonly PropertyKey[];

/** A configuration document as somebody wrote it (YAML; JSON is YAML too), able to say on which line something stands. */
export class ConfigurationDocument {
  private constructor(
    private readonly document: Document,
    private readonly lines: LineCounter,
    /** The plain value, before any default is filled in. */
    readonly value: unknown,
  ) {}

  /** Reads the text; answers the problems of its syntax instead when it is no YAML. */
  static read(text: string): { document: ConfigurationDocument } | { problems: Problem[] } {
    const lines = new LineCounter();
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
    const problems = document.errors.map(({ message, pos: [start] }) => ({
      path: `line ${lines.linePos(start).line}`,
      message,
    }));
    if (problems.length > 0) return { problems };
    try {
      return { document: new ConfigurationDocument(document, lines, document.toJS({ maxAliasCount: 100 })) };
    } catch (error) {
      // The library refuses aliases that would grow without bounds, and those that name nothing.
      return { problems: [{ path: '', message: (error as Error).message }] };
    }
  }

  /** A problem at `path`, with the line of the nearest thing that stands in the document. */
  problem(path: Path, message: string): Problem {
    const line = this.lineOf(path);
    return { path: path.map(String).join('.'), message: line === null ? message : `${message} (line ${line})` };
  }

  private lineOf(path: Path): number | null {
    let node: unknown = this.document.contents;
    let offset = startOf(node);
    for (const key of path) {
      if (!isCollection(node)) break;
      const name = isMap(node)
        ? node.items.find(({ key: found }) => isScalar(found) && String(found.value) === String(key))?.key
        : undefined;
      node = node.get(key, true);
      offset = startOf(name) ?? startOf(node) ?? offset;
    }
    return offset === null ? null : this.lines.linePos(offset).line;
  }
}

function startOf(node: unknown): number | null {
  return isNode(node) ? (node.range?.[0] ?? null) : null;
}

/**
 * Reads a configuration that was applied before. Keys that this program does not know are left out: a newer program of
 * the same installation may have applied it. Throws a ZodError when it cannot be read otherwise.
 */
export function readStored(value: unknown): Configuration {
  const copy = structuredClone(value);
  const parsed = Configuration.safeParse(copy);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) {
    if (issue.code === 'unrecognized_keys') removeKeys(copy, issue.path, issue.keys);
  }
  return Configuration.parse(copy);
}

function removeKeys(root: unknown, path: Path, keys: string[]): void {
  let target = root as Record<PropertyKey, unknown> | undefined;
  for (const key of path) target = target?.[key] as Record<PropertyKey, unknown> | undefined;
  for (const key of keys) delete target?.[key];
}

/** The sentences of a schema's error: those of a wrong name say what names look like. */
export function messagesOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_key') return `not a valid name: ${issue.issues.map(({ message }) => message).join('; ')}`;
  return issue.message;
}
