import { nearest } from '../diagnostics/nearest.ts';
import { UserError } from '../diagnostics/user-error.ts';

/** An image that arguments may choose. */
export interface ChoosableImage {
  /** '' is the nameless image. */
  readonly name: string;
  readonly final: boolean;
}

/** How the nameless image is written. */
const NAMELESS = '~';
const LONGEST = 100;

/**
 * Applies image arguments: names or patterns (`*`, `?`, `[..]` inside one part of a name), `!` in front excludes.
 * No argument chooses all; only exclusions choose all but these.
 * @param finalOnly restricts what is chosen where no argument names an image
 * @returns names in the order of `images`
 * @throws UserError for a bad pattern, or one that matches nothing
 */
export function chooseImages(
  images: readonly ChoosableImage[],
  args: readonly string[],
  { finalOnly }: { readonly finalOnly: boolean },
): readonly string[] {
  const excluded = new Set<string>();
  const included = new Set<string>();
  for (const argument of args) {
    const isExclusion = argument.startsWith('!');
    const matched = matching(images, isExclusion ? argument.slice(1) : argument);
    for (const name of matched) (isExclusion ? excluded : included).add(name);
  }
  const named = args.some((argument) => !argument.startsWith('!'));
  const chosen = named
    ? images.filter(({ name }) => included.has(name))
    : images.filter(({ final }) => final || !finalOnly);
  return chosen.map(({ name }) => name).filter((name) => !excluded.has(name));
}

function matching(images: readonly ChoosableImage[], pattern: string): readonly string[] {
  checkPattern(pattern);
  const expression = expressionOf(pattern);
  const names = images.map(({ name }) => name).filter((name) => expression.test(shown(name)));
  if (names.length > 0) return names;
  const near = nearest(
    pattern,
    images.map(({ name }) => shown(name)),
  );
  throw new UserError('IMAGE_NOT_FOUND', `no image matches "${pattern}"`, {
    hint: near ? `did you mean "${near}"?` : 'see `slipway config list` for the names of the images',
  });
}

function shown(name: string): string {
  return name === '' ? NAMELESS : name;
}

function checkPattern(pattern: string): void {
  const bad = (reason: string) => {
    throw new UserError('IMAGE_PATTERN_INVALID', `image name or pattern "${pattern}" ${reason}`);
  };
  if (pattern === '') bad('is empty');
  if (pattern.length > LONGEST) bad(`is longer than ${LONGEST} characters`);
  const forbidden = /[&|$]/.exec(pattern)?.[0];
  if (forbidden) bad(`holds "${forbidden}", which names cannot hold`);
  if (pattern.includes('**')) bad('holds "**", which is not supported: write one "*" per part of the name');
  if (/\[[^\]]*$/.test(pattern)) bad('opens "[" and does not close it');
  if (pattern.includes('[]') || /\[[!^]\]/.test(pattern)) bad('holds an empty "[]"');
}

/** `*` and `?` stay inside one part; `[!..]` and `[^..]` are all but these characters. */
function expressionOf(pattern: string): RegExp {
  const source = pattern.replace(
    /\[([!^]?)([^\]]*)\]|[\s\S]/g,
    (token, not: string, set: string | undefined) => {
      if (set !== undefined) return `(?!/)[${not ? '^' : ''}${set.replace(/[\\[\]^]/g, '\\$&')}]`;
      if (token === '*') return '[^/]*';
      if (token === '?') return '[^/]';
      return token.replace(/[.+^${}()|\\\]/]/g, '\\$&');
    },
  );
  try {
    return new RegExp(`^${source}$`, 'u');
  } catch (cause) {
    throw new UserError('IMAGE_PATTERN_INVALID', `image pattern "${pattern}" holds a bad range in "[]"`, {
      cause,
    });
  }
}
