/** States that nothing follows by itself. */
export const finalStates = ['Done', 'Completed', 'Failed', 'Killed', 'Deleted'];

/** One line that says how many jobs are in which state: rewritten on a terminal, printed at each change elsewhere. */
export class Progress {
  #last = '';
  #begun = Date.now();

  constructor(total) {
    this.total = total;
  }

  show(rows) {
    const counts = new Map();
    for (const { Status } of rows) counts.set(Status, (counts.get(Status) ?? 0) + 1);
    const ended = rows.filter(({ Status }) => finalStates.includes(Status)).length;
    const states = [...counts].map(([state, count]) => `${state} ${count}`).join('  ');
    const line = `${ended}/${this.total} ended  ${states}`;
    const seconds = ((Date.now() - this.#begun) / 1000).toFixed(1).padStart(5);
    if (process.stdout.isTTY) process.stdout.write(`\r\x1b[K${seconds} s  ${line}`);
    else if (line !== this.#last) console.log(`${seconds} s  ${line}`);
    this.#last = line;
  }

  end() {
    if (process.stdout.isTTY) process.stdout.write('\n');
  }
}
