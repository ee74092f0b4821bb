import { type Problem, Refusal, type RefusalCode } from '../../contract/index.js';

/** A problem of a submission, and the code that it gives to the refusal; `invalid-description` unless said. */
export interface Finding extends Problem {
  code?: 'jdl-syntax' | 'needs-catalogue';
}

/** A message may repeat what was sent, so it is cut. */
const longestMessage = 1_000;

/** Everything that is wrong with a submission: all of it is counted, and as much as `most` is kept to be told. */
export class Findings {
  private readonly kept: Problem[] = [];
  private count = 0;
  private readonly codes = new Set<RefusalCode>();

  constructor(private readonly most: number) {}

  add(findings: readonly Finding[]): void {
    for (const { path, message, code } of findings) {
      this.count += 1;
      this.codes.add(code ?? 'invalid-description');
      if (this.kept.length < this.most) this.kept.push({ path, message: cut(message) });
    }
  }

  /** Throws one refusal for all of it, if there is anything: nothing of the submission is accepted. */
  refuse(): void {
    if (this.count === 0) return;
    const [first] = this.kept;
    const left = this.count - this.kept.length;
    const problems = left > 0 ? [...this.kept, { path: '', message: `and ${left} more` }] : this.kept;
    const said = first === undefined ? 'not valid' : `${first.path}: ${first.message}`;
    const others = this.count > 1 ? ` (and ${this.count - 1} more)` : '';
    const code = this.code();
    throw new Refusal(code, `${code === 'jdl-syntax' ? 'JDL syntax error: ' : ''}${said}${others}`, { problems });
  }

  private code(): RefusalCode {
    if (this.codes.has('jdl-syntax')) return 'jdl-syntax';
    return this.codes.has('invalid-description') ? 'invalid-description' : 'needs-catalogue';
  }
}

function cut(message: string): string {
  return message.length <= longestMessage ? message : `${message.slice(0, longestMessage)}…`;
}
