import { describe, expect, it } from '@jest/globals';
import type { Command } from 'commander';
import { readFileSync } from 'node:fs';
import type { Context } from '../../../src/cli/command.js';
import { programs, type ProgramName } from '../../../src/cli/index.js';

const page = readFileSync(new URL('../../../docs/command-line.md', import.meta.url), 'utf8');
const nothing = (): void => undefined;

function context(program: string): Context {
  const io = {
    out: nothing,
    error: nothing,
    input: () => Promise.resolve(''),
    outIsTerminal: false,
    errorIsTerminal: false,
    inputIsTerminal: false,
    columns: () => 80,
    folder: '/',
    environment: {},
    signal: new AbortController().signal,
  };
  return { io, program, ended: nothing };
}

function leaves(command: Command, before: string[] = []): { name: string; command: Command }[] {
  const path = [...before, command.name()];
  if (command.commands.length === 0) return [{ name: path.join(' '), command }];
  return command.commands.flatMap((each) => leaves(each, path));
}

const all = (Object.keys(programs) as ProgramName[]).flatMap((name) => leaves(programs[name](context(name))));

/** The words of an example up to a redirection, a pipe or the like. */
function examples(): string[][] {
  const lines = [...page.matchAll(/^\$ (.*)$/gm)].map(([, line = '']) => line.replace(/ (?:<<|&&|\|).*$/, ''));
  return lines.map((line) => line.split(' ')).filter(([program = '']) => program in programs);
}

describe('docs/command-line.md', () => {
  it.each(all.map(({ name }) => name))('speaks of %s', (name) => {
    expect(page.replaceAll(/\s+/g, ' ')).toContain(name);
  });

  it('shows only commands and options that exist', () => {
    expect(examples().length).toBeGreaterThan(15);
    for (const words of examples()) {
      const found = all.find(({ name }) => words.join(' ').startsWith(name));
      expect([words, found?.name]).toEqual([words, expect.any(String)]);
      const known = found?.command.options.flatMap(({ short, long }) => [short, long]) ?? [];
      const executable = words.findIndex((word, index) => index > 0 && /^\.?\//.test(word) && words[0] === 'dsub');
      const own = executable === -1 ? words : words.slice(0, executable);
      for (const word of own.filter((each) => /^-[-\w]/.test(each))) expect(known).toContain(word.replace(/=.*/, ''));
    }
  });
});
