import { JdlSyntaxError, type JdlPosition } from './values.js';

export type JdlPunctuation = '[' | ']' | '{' | '}' | '=' | ';' | ',';

export type JdlToken = JdlPosition &
  ({ kind: JdlPunctuation } | { kind: 'word'; text: string } | { kind: 'string'; text: string } | { kind: 'end' });

const escapes: Readonly<Record<string, string>> = { '"': '"', '\\': '\\', n: '\n' };
const blanks = /[\s\uFEFF]+/y;
const lineComment = /(?:#|\/\/)[^\n]*/y;
const blockComment = /\/\*[\s\S]*?\*\//y;
const punctuation = /[[\]{}=;,]/y;
const word = /[^\s\uFEFF[\]{}=;,"]+/y;

/** Cuts a JDL text into tokens. Comments begin where a token could begin, so a path may hold `//` and `*`. */
export class JdlLexer {
  #offset = 0;
  #line = 1;
  #lineStart = 0;

  constructor(private readonly text: string) {}

  next(): JdlToken {
    this.#skip();
    const at = this.#position();
    if (this.#offset >= this.text.length) return { kind: 'end', ...at };
    const mark = this.#take(punctuation);
    if (mark !== undefined) return { kind: mark as JdlPunctuation, ...at };
    if (this.text[this.#offset] === '"') return { kind: 'string', text: this.#quoted(at), ...at };
    return { kind: 'word', text: this.#take(word) ?? '', ...at };
  }

  #skip(): void {
    for (;;) {
      if (this.#take(blanks) !== undefined || this.#take(lineComment) !== undefined) continue;
      if (this.#take(blockComment) !== undefined) continue;
      if (this.text.startsWith('/*', this.#offset)) {
        throw new JdlSyntaxError('the comment is not closed; */ is missing', this.#position());
      }
      return;
    }
  }

  #quoted(at: JdlPosition): string {
    let text = '';
    for (let offset = this.#offset + 1; offset < this.text.length; offset++) {
      const character = this.text.charAt(offset);
      if (character === '"') {
        this.#advance(offset + 1);
        return text;
      }
      // A backslash that is no known escape is itself: old descriptions hold regular expressions.
      const escaped = character === '\\' ? escapes[this.text.charAt(offset + 1)] : undefined;
      if (escaped !== undefined) offset++;
      text += escaped ?? character;
    }
    throw new JdlSyntaxError('the string is not closed; " is missing', at);
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#offset;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.#advance(this.#offset + found.length);
    return found;
  }

  #advance(to: number): void {
    for (let offset = this.#offset; offset < to; offset++) {
      if (this.text.charAt(offset) !== '\n') continue;
      this.#line++;
      this.#lineStart = offset + 1;
    }
    this.#offset = to;
  }

  #position(): JdlPosition {
    return { line: this.#line, column: this.#offset - this.#lineStart + 1 };
  }
}
