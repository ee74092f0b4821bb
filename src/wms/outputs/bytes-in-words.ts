const units = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** A number of bytes as people read it, to three digits: `999 bytes`, `1.5 kB`, `1.1 TB` (powers of 1000). */
export function inWords(bytes: number): string {
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return `${Number((bytes / 1000 ** power).toPrecision(3))} ${units[power]}`;
}
