import type { Position } from '../../diagnostics/problem.ts';
import type { Place } from '../yaml/config-document.ts';

/** Rendered lines that came unchanged from a file; all numbers count from 1. */
export interface SourceLines {
  readonly first: number;
  readonly count: number;
  readonly file: string;
  readonly line: number;
}

export interface SourcePositions {
  /** The source where the line came from it unchanged, else the rendered text. */
  position(place: Place): Position;
  /** Does the line stand in a file that people write? */
  isWritten(place: Place): boolean;
  readonly renderedFile: string;
}

/**
 * @param file the configuration, as the user knows it
 * @param lines null: the rendered text is that of the file
 */
export function sourcePositions(
  file: string,
  renderedFile: string,
  lines: readonly SourceLines[] | null,
): SourcePositions {
  const whole = { first: 1, count: Number.POSITIVE_INFINITY, file, line: 1 };
  const sorted = [...(lines ?? [whole])].sort((a, b) => a.first - b.first);
  const sourceOf = ({ line }: Place) => {
    const range = lastStarting(sorted, line);
    return range && line < range.first + range.count ? range : null;
  };
  return {
    renderedFile,
    isWritten: (place) => sourceOf(place) !== null,
    position(place) {
      const range = sourceOf(place);
      if (!range) return { file: renderedFile, ...place };
      return { file: range.file, line: range.line + place.line - range.first, column: place.column };
    },
  };
}

/** The last range that begins at or before a line. */
function lastStarting(sorted: readonly SourceLines[], line: number): SourceLines | null {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle]?.first ?? 0) <= line) low = middle + 1;
    else high = middle;
  }
  return sorted[low - 1] ?? null;
}
