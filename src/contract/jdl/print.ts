import { bareValue, type JdlRecord, type JdlValue } from './values.js';

/** A JDL text that {@link parseJdl} reads as the same record: one attribute per line, in brackets. */
export function printJdl(record: JdlRecord): string {
  return `${printRecord(record, '')}\n`;
}

/** One value as JDL text. */
export function printJdlValue(value: JdlValue, indent = ''): string {
  switch (value.kind) {
    case 'string':
      return quoted(value.text);
    case 'number':
      return value.text;
    case 'boolean':
      return String(value.value);
    case 'word':
      return isBare(value.text) ? value.text : quoted(value.text);
    case 'list':
      return `{${value.items.map((item) => printJdlValue(item, indent)).join(', ')}}`;
    case 'record':
      return printRecord(value.record, indent);
  }
}

function printRecord(record: JdlRecord, indent: string): string {
  const inner = `${indent}  `;
  const lines = [...record].map(({ name, value }) => `${inner}${name} = ${printJdlValue(value, inner)};\n`);
  return lines.length === 0 ? '[]' : `[\n${lines.join('')}${indent}]`;
}

function quoted(text: string): string {
  const safe = text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
  return `"${safe}"`;
}

/** Whether a word may stand without quotes and still be read as a word. */
function isBare(text: string): boolean {
  return /^(?!#|\/\/|\/\*)[^\s\uFEFF[\]{}=;,"]+$/.test(text) && bareValue(text).kind === 'word';
}
