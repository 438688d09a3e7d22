/** A regular expression of RE2's syntax, as the language's own understands it. */
export interface Re2Syntax {
  readonly source: string;
  readonly flags: string;
}

const CLASSES: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\x00-\\x7F',
  blank: '\\t ',
  cntrl: '\\x00-\\x1F\\x7F',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`\\{-~',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
};

type Translation = string | { readonly error: string };

interface Token {
  readonly shape: RegExp;
  /** @param text what the shape matched @param inClass inside `[…]` */
  readonly translate: (text: string, inClass: boolean) => Translation;
}

/** In the order they are tried; whatever is left stands for itself. */
const TOKENS: readonly Token[] = [
  { shape: /\\Q([\s\S]*?)(?:\\E|$)/y, translate: (text) => literal(text.slice(2).replace(/\\E$/, '')) },
  { shape: /\\A/y, translate: () => '^' },
  { shape: /\\z/y, translate: () => '$' },
  { shape: /\\a/y, translate: () => '\\x07' },
  { shape: /\\x\{([\da-fA-F]+)\}/y, translate: (text) => `\\u${text.slice(2)}` },
  { shape: /\\x[\da-fA-F]{2}/y, translate: (text) => text },
  { shape: /\\[pP](?:\{\^?\w+\}|\w)/y, translate: unicodeClass },
  {
    shape: /\\[1-9k]/y,
    translate: (text) => ({ error: `back references such as \`${text}\` are not known` }),
  },
  { shape: /\\[dDwWsSbBtnrfv]/y, translate: (text) => text },
  { shape: /\\[^\w\s]/y, translate: (text) => literal(text.slice(1)) },
  { shape: /\\[\s\S]?/y, translate: (text) => ({ error: `\`${text}\` is no escape` }) },
  { shape: /\[:\^?[a-z]+:\]/y, translate: namedClass },
  { shape: /\(\?P</y, translate: (text, inClass) => (inClass ? literal(text) : '(?<') },
  { shape: /\(\?(?::|<(?![=!]))/y, translate: (text, inClass) => (inClass ? literal(text) : text) },
  {
    shape: /\(\?/y,
    translate: (text, inClass) =>
      inClass
        ? literal(text)
        : { error: 'only `(?:…)`, `(?P<name>…)` and flags at the very beginning are known' },
  },
  { shape: /\{\d+(?:,\d*)?\}/y, translate: (text, inClass) => (inClass ? literal(text) : text) },
  { shape: /[{}[\]]/y, translate: literal },
];

/** @returns the same expression, or what of it RE2 does not know */
export function re2Syntax(pattern: string): Re2Syntax | { readonly error: string } {
  const leading = /^\(\?([ims]+)\)/.exec(pattern);
  const flags = [...new Set(leading?.[1] ?? '')].join('');
  let source = '';
  let inClass = false;
  for (let at = leading?.[0].length ?? 0; at < pattern.length; ) {
    const bracket = bracketAt(pattern, at, inClass);
    if (bracket !== null) {
      inClass = bracket !== ']';
      // A `]` right behind the opening belongs to the class.
      source += inClass ? bracket.replace(']', '\\]') : bracket;
      at += bracket.length;
      continue;
    }
    const { text, translated } = nextToken(pattern, at, inClass);
    if (typeof translated !== 'string') return translated;
    source += translated;
    at += text.length;
  }
  return inClass ? { error: '`[` is not closed' } : { source, flags };
}

/** The beginning of a class, with a `]` that belongs to it, or its end. */
function bracketAt(pattern: string, at: number, inClass: boolean): string | null {
  if (inClass) return pattern[at] === ']' ? ']' : null;
  const opening = /^\[\^?\]?/.exec(pattern.slice(at, at + 3))?.[0];
  return opening === undefined ? null : opening;
}

function nextToken(pattern: string, at: number, inClass: boolean) {
  for (const { shape, translate } of TOKENS) {
    shape.lastIndex = at;
    const text = shape.exec(pattern)?.[0];
    if (text !== undefined) return { text, translated: translate(text, inClass) };
  }
  const text = String.fromCodePoint(pattern.codePointAt(at) ?? 0);
  return { text, translated: text };
}

function literal(text: string): string {
  return text.replace(
    /[\\^$.*+?()[\]{}|/-]/g,
    (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

function unicodeClass(text: string): string {
  const name = text.slice(2).replace(/[{}^]/g, '');
  const isNegated = (text[1] === 'P') !== text.includes('^');
  return `\\${isNegated ? 'P' : 'p'}{${name.length > 2 ? `Script=${name}` : name}}`;
}

function namedClass(text: string): Translation {
  const name = text.replace(/[[\]:^]/g, '');
  const set = CLASSES[name];
  if (set === undefined || text.includes('^')) return { error: `\`${text}\` is no class of characters` };
  return set;
}
