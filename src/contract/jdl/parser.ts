import { JdlLexer, type JdlToken } from './lexer.js';
import { bareValue, JdlRecord, JdlSyntaxError, type JdlAttribute, type JdlValue } from './values.js';

/** Records and lists nest no deeper than this. */
const deepest = 50;
const namePattern = /^[A-Za-z_][\w.-]*$/;

/**
 * Reads a JDL text: `Name = value;` pairs, with or without the outer brackets. Throws {@link JdlSyntaxError} with line
 * and column; throws nothing else, whatever the text.
 */
export function parseJdl(text: string): { record: JdlRecord } {
  return { record: new JdlParser(new JdlLexer(text)).document() };
}

class JdlParser {
  #token: JdlToken;

  constructor(private readonly lexer: JdlLexer) {
    this.#token = lexer.next();
  }

  document(): JdlRecord {
    const opening = this.#at('[') ? this.#next() : undefined;
    const record = this.#attributes(1);
    if (opening !== undefined) this.#close(opening, ']');
    if (this.#at('end')) return record;
    throw this.#unexpected(opening === undefined ? 'the next attribute' : 'nothing after the closing ]');
  }

  #attributes(depth: number): JdlRecord {
    const record = new JdlRecord();
    while (!this.#at(']', 'end')) {
      if (this.#at(';')) {
        this.#next();
        continue;
      }
      record.add(this.#attribute(depth));
      if (!this.#at(';', ']', 'end')) {
        throw this.#unexpected('; after the value (text with blanks stands in quotes)');
      }
    }
    return record;
  }

  #attribute(depth: number): JdlAttribute {
    const { line, column, ...name } = this.#token;
    if (name.kind !== 'word' || !namePattern.test(name.text)) throw this.#unexpected('the name of an attribute');
    this.#next();
    if (!this.#at('=')) throw this.#unexpected(`= after ${name.text}`);
    this.#next();
    if (this.#at(';', ']', 'end')) {
      throw new JdlSyntaxError(`${name.text} has no value`, { line, column });
    }
    return { name: name.text, value: this.#value(depth), at: { line, column } };
  }

  #value(depth: number): JdlValue {
    if (depth > deepest) throw new JdlSyntaxError(`values are nested deeper than ${deepest}`, this.#token);
    const token = this.#token;
    if (token.kind === 'string') {
      this.#next();
      return { kind: 'string', text: token.text };
    }
    if (token.kind === 'word') {
      this.#next();
      return bareValue(token.text);
    }
    if (token.kind === '{') return { kind: 'list', items: this.#list(depth) };
    if (token.kind !== '[') throw this.#unexpected('a value');
    this.#next();
    const record = this.#attributes(depth + 1);
    this.#close(token, ']');
    return { kind: 'record', record };
  }

  #list(depth: number): JdlValue[] {
    const opening = this.#next();
    const items: JdlValue[] = [];
    if (!this.#at('}')) {
      items.push(this.#value(depth + 1));
      while (this.#at(',')) {
        this.#next();
        items.push(this.#value(depth + 1));
      }
    }
    this.#close(opening, '}');
    return items;
  }

  #close(opening: JdlToken, mark: ']' | '}'): void {
    if (this.#token.kind === 'end')
      throw new JdlSyntaxError(`${opening.kind} is not closed; ${mark} is missing`, opening);
    if (!this.#at(mark)) throw this.#unexpected(mark === '}' ? ', or }' : mark);
    this.#next();
  }

  #at(...kinds: JdlToken['kind'][]): boolean {
    return kinds.includes(this.#token.kind);
  }

  #next(): JdlToken {
    const token = this.#token;
    this.#token = this.lexer.next();
    return token;
  }

  #unexpected(expected: string): JdlSyntaxError {
    return new JdlSyntaxError(`expected ${expected}, found ${spelled(this.#token)}`, this.#token);
  }
}

function spelled(token: JdlToken): string {
  if (token.kind === 'end') return 'the end';
  if (token.kind === 'string') return `"${token.text.slice(0, 40)}"`;
  return token.kind === 'word' ? token.text.slice(0, 40) : token.kind;
}
