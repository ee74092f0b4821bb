/** A place in a JDL text; both count from 1. */
export interface JdlPosition {
  line: number;
  column: number;
}

/** A value as the text gave it. Numbers and words keep their spelling. */
export type JdlValue =
  | { kind: 'string'; text: string }
  | { kind: 'number'; text: string; value: number }
  | { kind: 'boolean'; value: boolean }
  | { kind: 'word'; text: string }
  | { kind: 'list'; items: JdlValue[] }
  | { kind: 'record'; record: JdlRecord };

/** One `name = value` of a record. The name keeps its spelling. */
export interface JdlAttribute {
  name: string;
  value: JdlValue;
  at: JdlPosition;
}

/** The JDL cannot be read: says what was expected and where. */
export class JdlSyntaxError extends Error {
  readonly line: number;
  readonly column: number;

  constructor(what: string, at: JdlPosition) {
    super(`line ${at.line}, column ${at.column}: ${what}`);
    this.name = 'JdlSyntaxError';
    this.line = at.line;
    this.column = at.column;
  }
}

/** Attributes in the order of the text. Names are found in any case. */
export class JdlRecord implements Iterable<JdlAttribute> {
  readonly #attributes = new Map<string, JdlAttribute>();

  constructor(attributes: Iterable<JdlAttribute> = []) {
    for (const attribute of attributes) this.add(attribute);
  }

  get size(): number {
    return this.#attributes.size;
  }

  /** Adds an attribute; a second one of the same name is a {@link JdlSyntaxError} that names both places. */
  add(attribute: JdlAttribute): void {
    const key = attribute.name.toLowerCase();
    const first = this.#attributes.get(key);
    if (first !== undefined) {
      const where = `line ${first.at.line}, column ${first.at.column}`;
      throw new JdlSyntaxError(`${attribute.name} is given twice; it was given before at ${where}`, attribute.at);
    }
    this.#attributes.set(key, attribute);
  }

  get(name: string): JdlValue | undefined {
    return this.#attributes.get(name.toLowerCase())?.value;
  }

  [Symbol.iterator](): IterableIterator<JdlAttribute> {
    return this.#attributes.values();
  }
}

/** How a number is spelled. */
export const numberPattern = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

/** What an unquoted word means: a number, a boolean, or the word itself. */
export function bareValue(text: string): JdlValue {
  if (numberPattern.test(text)) return { kind: 'number', text, value: Number(text) };
  const lower = text.toLowerCase();
  if (lower === 'true' || lower === 'false') return { kind: 'boolean', value: lower === 'true' };
  return { kind: 'word', text };
}
