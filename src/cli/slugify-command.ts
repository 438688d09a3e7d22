import { nearest } from '../diagnostics/nearest.ts';
import { UserError } from '../diagnostics/user-error.ts';
import { SLUG_FORMATS, type SlugFormat, slugify } from '../oci/slug.ts';
import { plainCommand } from './command.ts';
import { type Flag, parsed } from './flag.ts';

/** Older short names. */
const ALIASES: Readonly<Record<string, SlugFormat>> = {
  r: 'helm-release',
  ns: 'kubernetes-namespace',
  tag: 'docker-tag',
};

const format: Flag<SlugFormat | null> = {
  ...parsed<SlugFormat>('format', SLUG_FORMATS.join('|'), parseFormat, {
    section: 'command',
    short: 'f',
    summary: 'what the name is for; required',
  }),
  choices: SLUG_FORMATS,
};

export const slugifyCommand = plainCommand({
  name: 'slugify',
  summary: 'make a name fit for a tag, a release or a namespace',
  positionals: { usage: 'STRING', most: 1 },
  description: `Prints STRING where it is valid for the format, else a name made of what is readable in it and a hash of the \
whole, so that different strings never give the same name. Letters of Latin, Cyrillic and Greek alphabets are written by \
their sound.`,
  examples: [
    { line: 'slipway slugify feature/login -f docker-tag', explains: 'a tag for a branch' },
    {
      line: 'slipway slugify "$CI_COMMIT_REF_NAME" -f kubernetes-namespace',
      explains: 'a namespace for a branch',
    },
  ],
  flags: { format },
  async run({ flags, positionals: [text = ''] }) {
    if (text === '') {
      throw new UserError('CLI_NO_ARGUMENT', 'slugify needs a STRING', {
        hint: 'such as: slipway slugify feature/login -f docker-tag',
      });
    }
    if (flags.format === null) {
      throw new UserError(
        'CLI_NO_FORMAT',
        'slugify needs a format: what the name is for decides what it may be',
        {
          hint: `give -f with one of ${SLUG_FORMATS.join(', ')}`,
        },
      );
    }
    return `${slugify(text, flags.format)}\n`;
  },
});

function parseFormat(value: string) {
  const found = SLUG_FORMATS.find((known) => known === value) ?? ALIASES[value];
  if (found !== undefined) return { ok: true, value: found } as const;
  const near = nearest(value, SLUG_FORMATS);
  const known = near ? `did you mean ${near}?` : `it is none of ${SLUG_FORMATS.join(', ')}`;
  return { ok: false, reason: `"${value}" is no format: ${known}` } as const;
}
