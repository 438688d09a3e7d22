import { type Re2Syntax, re2Syntax } from './re2-syntax.ts';

/** One exact name, or all names that a regular expression matches as a whole. */
export interface NamePattern {
  /** As in the configuration: `/…/` is a regular expression. */
  readonly written: string;
  matches(name: string): boolean;
}

/** @returns the pattern, or why it is none */
export function namePattern(written: string): NamePattern | { readonly error: string } {
  const source = /^\/(.*)\/$/s.exec(written)?.[1];
  if (source === undefined) return { written, matches: (name) => name === written };
  const syntax = re2Syntax(source);
  if ('error' in syntax) return { error: `\`${written}\` is no regular expression: ${syntax.error}` };
  const expression = anchored(syntax);
  if (!expression) return { error: `\`${written}\` is no regular expression` };
  return { written, matches: (name) => expression.test(name) };
}

function anchored({ source, flags }: Re2Syntax): RegExp | null {
  try {
    return new RegExp(`^(?:${source})$`, `u${flags}`);
  } catch {
    return null;
  }
}
