import { posix } from 'node:path';
import { z } from 'zod';
import { DEPENDENCY_TYPES } from '../image-inputs.ts';
import { ImageSpecSection } from './image-spec-section.ts';
import { choice, Flag, leaf, NonEmpty, Refusal, Text, textLike, textOf } from './leaf.ts';
import { exactlyOne, type Rule, section } from './section.ts';
import { PlatformList, Sbom } from './values.ts';

/** Why a text cannot name an image; null when it can. */
function badImageName(name: string): string | null {
  if (name === '') return 'a name must not be empty: the nameless image is `image: ~`';
  if (name === '~')
    return 'an image cannot be called "~": write `image: ~` without quotes for the nameless image';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  return /[\u0000-\u001f]/.test(name) ? 'a name must be one line of text' : null;
}

/** One name, several, or `~` for none. */
export const ImageNames = leaf<readonly string[]>({
  expected: 'a name, a list of names, or ~',
  read: (value) => {
    if (value === null) return [''];
    const names = (Array.isArray(value) ? value : [value]).map(textOf);
    if (names.length === 0 || !names.every((name) => name !== undefined)) return undefined;
    const why = names.map(badImageName).find((reason) => reason !== null);
    return why === undefined ? names : new Refusal(why);
  },
  editor: {
    anyOf: [{ type: ['string', 'null'] }, { type: 'array', minItems: 1, items: { type: 'string' } }],
  },
});

const isFileName = (text: string) => text !== '' && text !== '.' && text !== '..' && !text.includes('/');
const secretId = textLike('a string', (text) =>
  isFileName(text) ? null : `"${text}" cannot name a file below /run/secrets`,
);

const secretRule: Rule = ({ value, id, src }) => {
  if (value !== undefined && id === undefined) return [{ message: '`id` is required beside `value`' }];
  if (typeof src !== 'string' || id !== undefined || isFileName(posix.basename(src))) return [];
  return [{ message: '`id` is required: the path has no last part to take it from', path: ['src'] }];
};

const SecretSection = section(
  {
    id: secretId.optional().describe('Name of the file below `/run/secrets`.').meta({
      defaultText: 'name of the variable, or last part of the path',
    }),
    env: NonEmpty.optional().describe('The value of this variable.'),
    src: NonEmpty.optional().describe(
      'The content of this file: relative to the project, absolute, or `~/…`.',
    ),
    value: Text.optional().describe('This text; needs `id`.'),
  },
  { rules: [exactlyOne('env', 'src', 'value'), secretRule] },
);

/** What `type` of a dependency may be. */
export const DependencyTypeField = choice(DEPENDENCY_TYPES).describe('What of the image the value is.');

/** Fields of all documents that describe images. */
export const IMAGE_FIELDS = {
  final: Flag.optional()
    .describe('`false`: an image that others need, and that is not delivered.')
    .meta({ defaultText: '`true`' }),
  cacheVersion: Text.optional()
    .describe('Any text; another one rebuilds the image.')
    .meta({ defaultText: '`build.cacheVersion`' }),
  platform: PlatformList.optional()
    .describe('Platforms to build for, as `os/arch[/variant]`.')
    .meta({ defaultText: '`build.platform`' }),
  secrets: z
    .array(SecretSection, { error: 'expected a list of secrets' })
    .optional()
    .describe('Values that build containers may read and that never get into the image.'),
  network: Text.optional()
    .describe('Network of build containers: `default`, `none`, `host`.')
    .meta({ defaultText: '`default`' }),
  imageSpec: ImageSpecSection.optional().describe("Changes of the image's configuration, without a build."),
  sbom: Sbom.optional()
    .describe('Attach a bill of materials to the image.')
    .meta({ defaultText: '`build.sbom`' }),
};

export const ImageField = ImageNames.describe('Name of the image, several names for one image, or `~`.');

export type SecretSection = z.infer<typeof SecretSection>;
