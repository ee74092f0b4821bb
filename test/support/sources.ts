import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../..', import.meta.url));
const notOurs = new Set(['node_modules', 'dist', 'var', 'coverage', '.git']);

/** A file of the project, by its path from the project's folder. */
export interface ProjectFile {
  path: string;
  text: string;
}

/** Every text file below a folder of the project ('.' for all that is ours). */
export function projectFiles(folder: string): ProjectFile[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => !notOurs.has(entry.name))
    .flatMap((entry) => {
      const path = relative(root, join(root, folder, entry.name));
      if (entry.isDirectory()) return projectFiles(path);
      const text = entry.isFile() ? readFileSync(join(root, path), 'utf8') : '';
      return text.includes('\0') ? [] : [{ path, text }];
    });
}

/** The modules that a TypeScript source names: import, export … from, import type and import(). */
export function importsOf(text: string): string[] {
  return ts.preProcessFile(text, true, true).importedFiles.map((imported) => imported.fileName);
}

/** Whether the source reads the environment of its process, in any of the ways to write that. */
export function readsEnvironment(text: string): boolean {
  return someNode(text, (node) => {
    if (ts.isPropertyAccessExpression(node)) return isProcess(node.expression) && node.name.text === 'env';
    if (ts.isElementAccessExpression(node)) return isProcess(node.expression);
    if (ts.isVariableDeclaration(node))
      return node.initializer !== undefined && isProcess(node.initializer) && /\benv\b/.test(node.name.getText());
    return (
      ts.isImportDeclaration(node) && /process/.test(node.moduleSpecifier.getText()) && /\benv\b/.test(node.getText())
    );
  });
}

/** The names of the classes, interfaces and functions that the source declares. */
export function declarationsOf(text: string): string[] {
  const names: string[] = [];
  someNode(text, (node) => {
    if ((ts.isClassDeclaration(node) || ts.isInterfaceDeclaration(node) || ts.isFunctionDeclaration(node)) && node.name)
      names.push(node.name.text);
    return false;
  });
  return names;
}

// Also globalThis.process.
function isProcess(node: ts.Expression): boolean {
  return node.getText().replace(/^globalThis\./, '') === 'process';
}

function someNode(text: string, found: (node: ts.Node) => boolean): boolean {
  const visit = (node: ts.Node): boolean => found(node) || (ts.forEachChild(node, visit) ?? false);
  return visit(ts.createSourceFile('source.ts', text, ts.ScriptTarget.ESNext, true));
}
