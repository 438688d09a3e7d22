/** A part of the file between separators. */
export interface DocumentText {
  readonly text: string;
  /** Line of the file where it starts, from 1. */
  readonly firstLine: number;
}

const SEPARATOR = /^---(?:\s*|\s+#.*)$/;
const BLANK = /^\s*(?:#.*)?$/;

/**
 * Splits at lines that begin with `---` and go on with nothing but blanks or a comment, also inside block scalars.
 * Parts that hold only blanks and comments are left out.
 */
export function splitDocuments(text: string): readonly DocumentText[] {
  const parts: DocumentText[] = [];
  let lines: string[] = [];
  let firstLine = 1;
  const finish = () => {
    if (lines.some((line) => !BLANK.test(line))) parts.push({ text: lines.join('\n'), firstLine });
  };
  text.split('\n').forEach((line, index) => {
    if (SEPARATOR.test(line)) {
      finish();
      lines = [];
      firstLine = index + 2;
    } else {
      lines.push(line);
    }
  });
  finish();
  return parts;
}
