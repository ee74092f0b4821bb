const chunkBits = 1_024;
const chunkWords = chunkBits / 32;

/**
 * A set of small whole numbers, kept in chunks of 1,024 that exist only where the set has members: 50,000 numbers take
 * 6 kB when all of them are in, one number takes 130 bytes and a pointer for each chunk before it.
 */
export class Bitmap {
  private chunks: (Uint32Array | undefined)[] = [];

  has(number: number): boolean {
    const chunk = this.chunks[number >>> 10];
    return chunk !== undefined && ((chunk[(number >>> 5) & 31] ?? 0) & (1 << (number & 31))) !== 0;
  }

  add(number: number): void {
    const at = number >>> 10;
    while (this.chunks.length <= at) this.chunks.push(undefined);
    const chunk = (this.chunks[at] ??= new Uint32Array(chunkWords));
    chunk[(number >>> 5) & 31] = (chunk[(number >>> 5) & 31] ?? 0) | (1 << (number & 31));
  }

  delete(number: number): void {
    const chunk = this.chunks[number >>> 10];
    if (chunk === undefined) return;
    chunk[(number >>> 5) & 31] = (chunk[(number >>> 5) & 31] ?? 0) & ~(1 << (number & 31));
    if (chunk.every((word) => word === 0)) this.chunks[number >>> 10] = undefined;
  }

  /** Adds all members of the other set. */
  addAll(other: Bitmap): void {
    other.chunks.forEach((theirs, at) => {
      if (theirs === undefined) return;
      const own = this.chunks[at];
      while (this.chunks.length <= at) this.chunks.push(undefined);
      if (own === undefined) this.chunks[at] = theirs.slice();
      else for (let word = 0; word < chunkWords; word += 1) own[word] = (own[word] ?? 0) | (theirs[word] ?? 0);
    });
  }

  /** Keeps only the members that the other set has too. */
  keepAll(other: Bitmap): void {
    for (const [at, own] of this.chunks.entries()) {
      const theirs = other.chunks[at];
      if (own === undefined) continue;
      if (theirs === undefined) this.chunks[at] = undefined;
      else for (let word = 0; word < chunkWords; word += 1) own[word] = (own[word] ?? 0) & (theirs[word] ?? 0);
    }
  }

  /** Takes out all members of the other set. */
  deleteAll(other: Bitmap): void {
    for (const [at, own] of this.chunks.entries()) {
      const theirs = other.chunks[at];
      if (own === undefined || theirs === undefined) continue;
      for (let word = 0; word < chunkWords; word += 1) own[word] = (own[word] ?? 0) & ~(theirs[word] ?? 0);
    }
  }

  copy(): Bitmap {
    const same = new Bitmap();
    same.chunks = this.chunks.map((chunk) => chunk?.slice());
    return same;
  }

  get isEmpty(): boolean {
    return this.chunks.every((chunk) => chunk === undefined || chunk.every((word) => word === 0));
  }

  /** How many members there are. */
  get size(): number {
    let members = 0;
    for (const chunk of this.chunks) for (const word of chunk ?? []) members += onesIn(word);
    return members;
  }

  /** The members, smallest first. */
  *[Symbol.iterator](): Generator<number> {
    for (const [at, chunk] of this.chunks.entries()) {
      for (let word = 0; chunk !== undefined && word < chunkWords; word += 1) {
        // The lowest bit of the rest is the smallest member that was not given yet.
        for (let rest = chunk[word] ?? 0; rest !== 0; rest &= rest - 1) {
          yield at * chunkBits + word * 32 + (31 - Math.clz32(rest & -rest));
        }
      }
    }
  }
}

function onesIn(word: number): number {
  let ones = 0;
  for (let rest = word; rest !== 0; rest &= rest - 1) ones += 1;
  return ones;
}
