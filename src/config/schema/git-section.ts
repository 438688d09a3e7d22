import type { z } from 'zod';
import { FILE_MAPPING_FIELDS } from './file-mapping-fields.ts';
import { NonEmpty, Text, textLike } from './leaf.ts';
import { atMostOne, exactlyOne, quoted, type Rule, section } from './section.ts';
import { AbsolutePath, Masks } from './values.ts';

const FULL_HASH = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

const Password = section(
  {
    env: NonEmpty.optional().describe('The value of this variable.'),
    src: NonEmpty.optional().describe('The content of this file.'),
    value: Text.optional().describe('This text.'),
  },
  { rules: [exactlyOne('env', 'src', 'value')] },
);

const BasicAuthSection = section({
  username: NonEmpty.describe('User name for `http(s)`.'),
  password: Password.describe('Where the password is.'),
});

const remoteOnly: Rule = (fields) => {
  const given = ['branch', 'tag', 'commit', 'basicAuth'].filter((name) => fields[name] !== undefined);
  if (fields['url'] !== undefined || given.length === 0) return [];
  return [
    {
      message: `${quoted(given)} without \`url\`: the project's own files are those of HEAD`,
      path: [given[0] ?? ''],
    },
  ];
};

const webOnly: Rule = ({ url, basicAuth }) =>
  basicAuth === undefined || typeof url !== 'string' || /^https?:\/\//.test(url)
    ? []
    : [{ message: '`basicAuth` is for `http://` and `https://` addresses', path: ['basicAuth'] }];

const StageDependencies = section({
  install: Masks.optional().describe('A change of these files runs `install` again.'),
  beforeSetup: Masks.optional().describe('A change of these files runs `beforeSetup` again.'),
  setup: Masks.optional().describe('A change of these files runs `setup` again.'),
});

/** An entry of `git`. */
export const GitSection = section(
  {
    url: NonEmpty.optional()
      .describe('Address of another repository.')
      .meta({ defaultText: "the project's repository" }),
    branch: NonEmpty.optional().describe('Branch of it; a committed permission is needed.'),
    tag: NonEmpty.optional().describe('Tag of it.'),
    commit: textLike('a string', (text) => (FULL_HASH.test(text) ? null : 'must be a full commit hash'))
      .optional()
      .describe('Commit of it, by full hash.'),
    basicAuth: BasicAuthSection.optional().describe('Credentials for it.'),
    add: AbsolutePath.default('/').describe('Path in the repository, from its root or that of the project.'),
    to: AbsolutePath.describe('Path in the image.'),
    ...FILE_MAPPING_FIELDS,
    stageDependencies: StageDependencies.optional().describe('Masks of files, relative to `add`.'),
  },
  { rules: [remoteOnly, atMostOne('branch', 'tag', 'commit'), webOnly] },
);
export type GitSection = z.infer<typeof GitSection>;
