import { Composer, type CST, type Document, LineCounter, Parser } from 'yaml';
import type { TreeProblem } from './value-tree.ts';

export interface ParsedYaml {
  /** null when the text is no YAML. */
  readonly document: Document.Parsed | null;
  readonly lines: LineCounter;
  readonly problems: readonly TreeProblem[];
}

/** Deeper nesting would end in an exhausted stack, and no configuration needs it. */
const DEEPEST = 100;
const MOST_PROBLEMS = 3;

/** Parses one document without judging its scalars: all of them arrive as text. */
export function parseYaml(text: string): ParsedYaml {
  const lines = new LineCounter();
  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  const tooDeep = deeperThan(tokens, DEEPEST);
  if (tooDeep !== null) {
    const message = `nested more than ${DEEPEST} levels deep`;
    return { document: null, lines, problems: [{ message, offset: tooDeep }] };
  }
  const composer = new Composer({ schema: 'failsafe', uniqueKeys: false, prettyErrors: false });
  const [document, ...more] = composer.compose(tokens, true, text.length);
  const problems = [
    ...(document?.errors ?? []),
    // A tag that changes what a scalar is would be lost on the way.
    ...(document?.warnings ?? []),
  ].map(({ message, pos }) => ({ message: inOurWords(message), offset: pos[0] }));
  for (const { range } of more) problems.push({ message: SECOND, offset: range[0] });
  const first = firstOfEachLine(problems, lines).slice(0, MOST_PROBLEMS);
  return { document: problems.length === 0 && document ? document : null, lines, problems: first };
}

const SECOND = 'a second document begins here: separate documents by a line `---`';

function inOurWords(message: string): string {
  if (message.startsWith('Unresolved tag')) return `${message.replace('Unresolved', 'unknown')}`;
  return message.charAt(0).toLowerCase() + message.slice(1);
}

/** One mistake often shows as several errors at one place. */
function firstOfEachLine(problems: readonly TreeProblem[], lines: LineCounter): readonly TreeProblem[] {
  const seen = new Set<number>();
  return problems.filter(({ offset }) => {
    const { line } = lines.linePos(offset);
    const isNew = !seen.has(line);
    seen.add(line);
    return isNew;
  });
}

/** @returns where nesting becomes too deep, or null */
function deeperThan(tokens: readonly CST.Token[], most: number): number | null {
  let level: readonly CST.Token[] = tokens;
  for (let depth = 0; level.length > 0; depth++) {
    const [first] = level;
    if (depth > most && first) return first.offset;
    level = level.flatMap(insideOf);
  }
  return null;
}

function insideOf(token: CST.Token): readonly CST.Token[] {
  if (token.type === 'document') return token.value ? [token.value] : [];
  if (!('items' in token)) return [];
  return token.items.flatMap(({ key, value }) => [...(key ? [key] : []), ...(value ? [value] : [])]);
}
