import { readdir, readFile } from 'node:fs/promises';

/**
 * The living children of this process and the files below a folder that are not in `before`. What is on its way out is given
 * some seconds.
 */
export async function leftBehind(folder: string, before: readonly string[] = []): Promise<string[]> {
  const giveUp = Date.now() + (before.length === 0 ? 0 : 10_000);
  for (;;) {
    const files = await readdir(folder, { recursive: true });
    const now = [...files.map((file) => `file ${file}`), ...(await children())];
    const left = now.filter((each) => !before.includes(each));
    if (left.length === 0 || Date.now() > giveUp) return left;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function children(): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (Number(parent) === process.pid && state !== 'Z')
      found.push(`process ${pid} ${stat.slice(0, stat.lastIndexOf(')') + 1)}`);
  }
  return found;
}
