const columns = ['perSecond', 'p50Ms', 'p99Ms', 'rawPerSecond', 'ratio', 'serverRssMiB', 'othersCpuPercent'];

/** Prints results for programs or for people. */
export function printResults({ machine, paths }, { json }) {
  if (json) {
    console.log(JSON.stringify({ machine, ...paths }, null, 2));
    return;
  }
  console.log(JSON.stringify(machine));
  const rows = Object.entries(paths).map(([name, path]) => [
    `${name} (${path.unit})`,
    ...columns.map((key) => path[key]),
  ]);
  const table = [['path', ...columns], ...rows].map((row) => row.map(String));
  const widths = table[0].map((_, at) => Math.max(...table.map((row) => row[at].length)));
  for (const row of table)
    console.log(row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at]))).join('  '));
}
