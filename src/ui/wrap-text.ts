// biome-ignore-all lint/suspicious/noControlCharactersInRegex: colours are control sequences.
import { columnsOf } from './columns.ts';

const COLORS = /\u001b\[[0-9;:]*m/g;
const RESET = '\u001b[0m';

/**
 * Breaks a line at blanks so that its parts take at most so many columns. A word that is wider stays whole.
 * A colour that is on where a line is broken is switched off there and on again in the next part.
 */
export function wrapText(text: string, columns: number): readonly string[] {
  if (columnsOf(text) <= columns) return [text];
  const [first = '', ...words] = wordsOf(text);
  const lines: string[] = [];
  let line = first;
  for (const word of words) {
    if (line === '') {
      line = word;
    } else if (columnsOf(line) + 1 + columnsOf(word) <= columns) {
      line += ` ${word}`;
    } else {
      lines.push(line.trimEnd());
      line = word;
    }
  }
  return recolored([...lines, line.trimEnd()].filter((part) => part !== ''));
}

/** The indentation belongs to the first word. */
function wordsOf(text: string): readonly string[] {
  const indentation = /^ */.exec(text)?.[0] ?? '';
  const [first = '', ...words] = text.slice(indentation.length).split(' ');
  return [`${indentation}${first}`, ...words];
}

function recolored(lines: readonly string[]): readonly string[] {
  let on: readonly string[] = [];
  return lines.map((line) => {
    const whole = `${on.join('')}${line}`;
    for (const color of line.match(COLORS) ?? []) on = after(on, color);
    return on.length === 0 ? whole : `${whole}${RESET}`;
  });
}

/** What a code for "normal again" ends. */
const ENDS: Readonly<Record<string, RegExp>> = {
  '22': /^[12]$/,
  '23': /^3$/,
  '24': /^4$/,
  '27': /^7$/,
  '39': /^(?:3[0-8]|9[0-7])(?:;|$)/,
  '49': /^(?:4[0-8]|10[0-7])(?:;|$)/,
};

/** The colours that are on after one more control sequence. */
function after(on: readonly string[], color: string): readonly string[] {
  const codes = (sequence: string) => sequence.slice(2, -1);
  if (/^0*$/.test(codes(color))) return [];
  const ended = ENDS[codes(color)];
  return ended ? on.filter((sequence) => !ended.test(codes(sequence))) : [...on, color];
}
