/** An archive that is broken, too large, or would reach outside the folder it is unpacked into. Nothing was written. */
export class UnsafeArchive extends Error {
  constructor(
    /** The offending entry as the archive names it; empty when the archive as a whole is wrong. */
    readonly entry: string,
    reason: string,
  ) {
    super(entry === '' ? `the archive is refused: ${reason}` : `the archive is refused: entry "${entry}" ${reason}`);
    this.name = 'UnsafeArchive';
  }
}
