import type { CiBlock, CiVariable } from './ci-variables.ts';

/** Who reads the lines: a shell, or programs that read `.env` files. */
export const CI_SHELLS = ['default', 'cmdexe', 'powershell'] as const;
export type CiReader = (typeof CI_SHELLS)[number] | 'dotenv';

interface Grammar {
  readonly newline: string;
  comment(text: string): string;
  assignment(name: string, value: string): string;
}

const GRAMMARS: Readonly<Record<CiReader, Grammar>> = {
  default: {
    newline: '\n',
    comment: (text) => `# ${text}`,
    assignment: (name, value) => `export ${name}='${value.replaceAll("'", "'\\''")}'`,
  },
  cmdexe: {
    newline: '\r\n',
    comment: (text) => `REM ${text}`,
    assignment: (name, value) => `set "${name}=${value.replaceAll('%', '%%')}"`,
  },
  powershell: {
    newline: '\n',
    comment: (text) => `# ${text}`,
    assignment: (name, value) => `$Env:${name} = '${value.replace(/['‘’‚‛]/g, '$&$&')}'`,
  },
  dotenv: {
    newline: '\n',
    comment: (text) => `# ${text}`,
    assignment: (name, value) => `${name}=${quoted(value)}`,
  },
};

/** Lines that export the variables; those that are not exported are told of in comments, without their values. */
export function ciText(blocks: readonly CiBlock[], reader: CiReader): string {
  const grammar = GRAMMARS[reader];
  return blocks
    .flatMap(({ title, variables }) => [
      grammar.comment(`## ${title}`),
      ...variables.map((variable) => lineOf(variable, grammar)),
      '',
    ])
    .map((line) => `${line}${grammar.newline}`)
    .join('');
}

function lineOf({ name, value, state }: CiVariable, { comment, assignment }: Grammar): string {
  // A line break would end a line of cmd.exe, and a comment of all.
  const plain = value.replace(/[\r\n]+/g, ' ');
  switch (state) {
    case 'set':
      return assignment(name, plain);
    case 'kept':
      return comment(`${name} is skipped: it is set already`);
    case 'empty':
      return comment(assignment(name, ''));
  }
}

/** As all readers of `.env` files understand it: plain where it can be, else in quotes that keep everything literal. */
function quoted(value: string): string {
  if (/^[\w./:@=+,-]*$/.test(value)) return value;
  if (!value.includes("'")) return `'${value}'`;
  return `"${value.replace(/[\\"$`]/g, '\\$&')}"`;
}
