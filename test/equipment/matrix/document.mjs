import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const DOCUMENT = join(import.meta.dirname, '..', '..', '..', 'docs', 'where-it-runs.md');

const EMPTY = `# Where it runs

The tables below are written by \`scripts/everywhere\`, which runs slipway in containers as CI jobs get them and on kernels of
Debian 11, 12 and 13 in virtual machines.
`;

/**
 * Puts rows into the table of a part of docs/where-it-runs.md, between its markers. Rows of cases that were not run this time stay
 * as they are; a part that is not there yet is added at the end.
 * @param {{ name: string, title: string, heads: readonly string[], keys: number, cases: readonly (readonly string[])[], after?: string }} part
 *   keys: so many of the first columns name a case; cases: the names of all cases, in the order of the table
 * @param {readonly (readonly string[])[]} rows
 */
export function writeRows(part, rows, document = DOCUMENT) {
  const [start, end] = [`<!-- everywhere: ${part.name} -->`, `<!-- end of ${part.name} -->`];
  const whole = readOr(document, EMPTY);
  const [from, to] = [whole.indexOf(start), whole.indexOf(end)];
  const isThere = from >= 0 && to > from;
  const nameOf = (row) => row.slice(0, part.keys).map(plain).join('/');
  const known = new Map(isThere ? rowsIn(whole.slice(from, to)).map((row) => [nameOf(row), row]) : []);
  for (const row of rows) known.set(nameOf(row), row);
  const kept = part.cases.map((names) => known.get(nameOf(names))).filter((row) => row !== undefined);
  const text = [`## ${part.title}`, table(part.heads, kept), part.after ?? ''].join('\n\n').trim();
  const block = `${start}\n\n${text}\n\n${end}`;
  const made = isThere
    ? whole.slice(0, from) + block + whole.slice(to + end.length)
    : `${whole.trimEnd()}\n\n${block}\n`;
  writeFileSync(document, made);
}

function readOr(file, otherwise) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return otherwise;
    throw error;
  }
}

/** Rows of the first table in a text, without its head. */
function rowsIn(text) {
  const lines = text.split('\n').filter((line) => line.startsWith('| '));
  return lines.slice(2).map((line) =>
    line
      .slice(2, -2)
      .split(/ \| /)
      .map((cell) => cell.trim().replaceAll('\\|', '|')),
  );
}

function plain(cell) {
  return String(cell).replaceAll(/\s+/g, ' ').trim();
}

/** A table in Markdown, its columns aligned. */
function table(heads, rows) {
  const cells = [heads, ...rows].map((row) => row.map((cell) => plain(cell).replaceAll('|', '\\|')));
  const widths = heads.map((_, column) => Math.max(3, ...cells.map((row) => (row[column] ?? '').length)));
  const line = (row) => `| ${widths.map((width, column) => (row[column] ?? '').padEnd(width)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(cells[0]), rule, ...cells.slice(1).map(line)].join('\n');
}
