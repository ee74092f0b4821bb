/** Commands that were carried out, until the server knows. */
export class Acknowledgements {
  private readonly ids = new Set<number>();

  add(commandId: number): void {
    this.ids.add(commandId);
  }

  /** What the next call should carry. */
  get waiting(): number[] {
    return [...this.ids].slice(0, 1000);
  }

  /** A call that carried these was answered. */
  arrived(ids: readonly number[]): void {
    for (const id of ids) this.ids.delete(id);
  }
}
