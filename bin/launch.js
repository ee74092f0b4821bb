import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Runs a program of dist/. `pilotage admin …` is the operators' own program. */
export async function launch(name) {
  const args = process.argv.slice(2);
  const admin = name === 'pilotage' && args[0] === 'admin';
  const program = new URL(admin ? '../dist/admin/main.js' : '../dist/cli/main.js', import.meta.url);
  if (!existsSync(fileURLToPath(program))) {
    process.stderr.write(`${name}: Pilotage is not built yet — run "npm run build" in its folder\n`);
    process.exitCode = 1;
    return;
  }
  const { main } = await import(program.href);
  await (admin ? main(args.slice(1)) : main(name, args));
}
