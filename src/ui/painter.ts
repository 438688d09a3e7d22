/** Colours for a terminal, or none. */
export interface Painter {
  dim(text: string): string;
  bold(text: string): string;
  red(text: string): string;
  yellow(text: string): string;
  /** One of a few colours that are easy to tell apart. @param index any whole number from 0 */
  distinct(text: string, index: number): string;
}

/** Codes of cyan, green, magenta, blue and their bright forms. */
const DISTINCT = [36, 32, 35, 34, 96, 92, 95, 94] as const;

export function painter(color: boolean): Painter {
  const paint = (text: string, on: number, off: number) =>
    color && text !== '' ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  return {
    dim: (text) => paint(text, 2, 22),
    bold: (text) => paint(text, 1, 22),
    red: (text) => paint(text, 31, 39),
    yellow: (text) => paint(text, 33, 39),
    distinct: (text, index) => paint(text, DISTINCT[index % DISTINCT.length] ?? 36, 39),
  };
}
