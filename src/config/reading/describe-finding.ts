import type { Problem } from '../../diagnostics/problem.ts';
import type { ConfigDocument, Path } from '../yaml/config-document.ts';
import type { Finding } from './finding.ts';
import { shownText } from './shown-text.ts';
import type { SourcePositions } from './source-positions.ts';

/** Lines shown before and after the one that is meant. */
const AROUND = 3;
const LONGEST_SECTION = 20;

/** A finding in full: message, the section it is about, the rendered file, the lines of the document. */
export function describeFinding(found: Finding, positions: SourcePositions): Problem {
  const { code, message, document, place, sections } = found;
  const text = shownText(document);
  const shownSections = sections
    .map((path) => sectionText(document, text, path))
    .filter((part) => part !== '');
  const isWritten = positions.isWritten(place);
  const hint = [
    ...(found.hint === undefined ? [] : [found.hint]),
    ...(isWritten ? [] : [`this line is made by a template: see the rendered configuration`]),
  ].join('\n');
  return {
    code,
    message,
    position: positions.position(place),
    ...(found.ofWholeFile
      ? {}
      : { excerpt: [...shownSections, positions.renderedFile, numberedLines(found, text)].join('\n\n') }),
    ...(hint === '' ? {} : { hint }),
  };
}

/** Text of a part of the document, without its indentation; empty for the whole document. */
function sectionText(document: ConfigDocument, text: string, path: Path): string {
  const extent = path.length === 0 ? null : document.extent(path);
  if (!extent) return '';
  const [start, end] = extent;
  const indentation = start - (text.lastIndexOf('\n', start - 1) + 1);
  const lines = text
    .slice(start, end)
    .trimEnd()
    .split('\n')
    .map((line, i) => (i === 0 ? line : line.slice(Math.min(indentation, line.search(/\S|$/)))));
  const shown = lines.slice(0, LONGEST_SECTION);
  return [...shown, ...(lines.length > shown.length ? ['…'] : [])].join('\n');
}

function numberedLines({ document, place }: Finding, text: string): string {
  const lines = text.trimEnd().split('\n');
  const index = Math.min(lines.length, place.line - document.firstLine + 1) - 1;
  const from = Math.max(0, index - AROUND);
  const shown = lines.slice(from, index + AROUND + 1);
  const width = String(document.firstLine + from + shown.length - 1).length;
  return shown
    .flatMap((line, i) => {
      const number = document.firstLine + from + i;
      const numbered = `${String(number).padStart(width)} | ${line.trimEnd()}`;
      const pointer = `${' '.repeat(width)} | ${' '.repeat(place.column - 1)}^`;
      return number === place.line ? [numbered, pointer] : [numbered];
    })
    .join('\n');
}
