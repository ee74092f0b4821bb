/** Groups of pilots that stand at the same CE, so that each CE is asked once. */
export function byCe<T extends { site: string; ce: string }>(pilots: readonly T[]): T[][] {
  const groups = new Map<string, T[]>();
  for (const pilot of pilots) {
    const key = `${pilot.site}/${pilot.ce}`.toLowerCase();
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [pilot]);
    else group.push(pilot);
  }
  return [...groups.values()];
}
