import { stripVTControlCharacters } from 'node:util';
import { eastAsianWidth } from 'get-east-asian-width';

/** Columns that a text takes in a terminal: wide characters take two, colours and joined marks none. */
export function columnsOf(text: string): number {
  if (isPlain(text)) return text.length;
  const visible = stripVTControlCharacters(text);
  if (isPlain(visible)) return visible.length;
  let columns = 0;
  for (const { segment } of new Intl.Segmenter().segment(visible)) columns += columnsOfSegment(segment);
  return columns;
}

/** Cuts a text to a number of columns; wide characters are never halved. */
export function clip(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text;
  let width = 0;
  let kept = '';
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    width += columnsOfSegment(segment);
    if (width > columns - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}

/** One column for each character: letters, and the lines that logs are drawn with. */
function isPlain(text: string): boolean {
  return /^[ -~\u2500-\u257f]*$/.test(text);
}

const INVISIBLE = /^[\p{Mark}\p{Control}\p{Format}\p{Default_Ignorable_Code_Point}]+$/u;
/** Shown as a picture by itself, or made one by the character behind it. */
const PICTURE = /\p{Emoji_Presentation}|\ufe0f|\u20e3/u;
const TAB = 8;

function columnsOfSegment(segment: string): number {
  if (segment === '\t') return TAB;
  if (INVISIBLE.test(segment)) return 0;
  if (PICTURE.test(segment)) return 2;
  return eastAsianWidth(segment.codePointAt(0) ?? 0);
}
