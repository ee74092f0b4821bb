/** Where the parts of a pilot's log stand in the storage element. */
export function logKeys(
  vo: string,
  stamp: string,
): { folder: string; chunk(number: number): string; sealed: string; manifest: string } {
  const folder = `pilot-logs/${vo}/${stamp}`;
  return {
    folder: `${folder}/`,
    chunk: (number) => `${folder}/chunks/${String(number).padStart(8, '0')}`,
    sealed: `${folder}/log.txt`,
    manifest: `${folder}/manifest.json`,
  };
}
