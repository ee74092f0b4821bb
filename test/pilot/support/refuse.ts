/** What the fake server throws to refuse a call. */
export class Refuse extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
  ) {
    super(code);
  }
}
