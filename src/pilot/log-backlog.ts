/**
 * Text of a log that waits to be sent. It holds so many characters at most: beyond, the oldest go, and the next chunk
 * begins with a line that says how many and why.
 */
export class LogBacklog {
  private pieces: string[] = [];
  private held = 0;
  private dropped = 0;

  constructor(
    private most: number,
    private why: string,
  ) {}

  /** Characters that wait. */
  get size(): number {
    return this.held;
  }

  /** Adds text at the end. */
  add(text: string): void {
    this.pieces.push(text);
    this.held += text.length;
    this.trim();
  }

  /** Puts text back before all other, and holds less from now on, for another reason. */
  narrow(first: string, most: number, why: string): void {
    this.pieces.unshift(first);
    this.held += first.length;
    this.most = most;
    this.why = why;
    this.trim();
  }

  /** Takes a chunk of at most so many characters off the front; undefined when nothing waits. */
  take(longest: number): string | undefined {
    if (this.pieces.length === 0) return undefined;
    const notice = this.dropped === 0 ? '' : `[${this.dropped} characters of the log were dropped: ${this.why}]\n`;
    this.dropped = 0;
    const parts = [notice];
    for (let room = longest - notice.length; room > 0;) {
      const next = this.pieces.shift();
      if (next === undefined) break;
      parts.push(next.slice(0, room));
      if (next.length > room) this.pieces.unshift(next.slice(room));
      this.held -= Math.min(room, next.length);
      room -= next.length;
    }
    return parts.join('');
  }

  private trim(): void {
    for (let excess = this.held - this.most; excess > 0; excess = this.held - this.most) {
      const oldest = this.pieces.shift() ?? '';
      const rest = oldest.slice(excess);
      if (rest !== '') this.pieces.unshift(rest);
      this.held -= oldest.length - rest.length;
      this.dropped += oldest.length - rest.length;
    }
  }
}
