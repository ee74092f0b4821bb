import { CallRefused } from '../contract/index.js';
import { Unreachable } from '../client/index.js';
import { tell } from './failure.js';
import type { Io } from './io.js';
import { pause } from './pause.js';

/**
 * Shows a text again and again until Ctrl-C. A terminal is cleared before; elsewhere the texts follow each other. A server
 * that stops answering after the first time is waited for.
 */
export async function watch(io: Io, intervalSeconds: number, show: () => Promise<string>): Promise<never> {
  for (let shown = await show(); ; shown = await showOrTell(show)) {
    const heading = `every ${intervalSeconds} s: ${new Date().toISOString().slice(0, 19).replace('T', ' ')} UTC`;
    io.out(io.outIsTerminal ? `\u001b[H\u001b[2J${heading}\n\n${shown}` : `${heading}\n${shown}\n`);
    await pause(io, intervalSeconds);
  }
}

async function showOrTell(show: () => Promise<string>): Promise<string> {
  try {
    return await show();
  } catch (error) {
    if (error instanceof Unreachable || (error instanceof CallRefused && error.status === 503))
      return `${tell(error).what}\n`;
    throw error;
  }
}
