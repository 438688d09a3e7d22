import { z } from 'zod';
import { numberOf, PlainScalar } from '../yaml/plain-scalar.ts';
import { choice, Flag, integer, leaf, Text, textLike } from './leaf.ts';
import { exactlyOne, section } from './section.ts';
import { Duration, Pattern, PatternList, PlatformList, Sbom, TextMap } from './values.ts';

const Version = leaf({
  expected: '1, the only version there is',
  read: (value) => (value instanceof PlainScalar && numberOf(value) === 1 ? (1 as const) : undefined),
  editor: { const: 1 },
});

const PROJECT_NAME = /^(?:[a-z0-9]|[a-z0-9][a-z0-9-]*[a-z0-9])$/;

/** Why a text is no name of a project; null when it is one. */
export function badProjectName(text: string): string | null {
  if (text.length > 50) return `"${text}" is longer than 50 characters`;
  if (PROJECT_NAME.test(text)) return null;
  return `"${text}" is no project name: it holds lower-case letters, digits and \`-\`, with a letter or a digit at both ends`;
}

const Limit = section({
  last: integer(-1).optional().describe('The newest so many; -1 is no limit.'),
  in: Duration.optional().describe('Those younger than this.'),
  operator: choice(['And', 'Or']).default('And').describe('Whether `last` and `in` must both hold.'),
});

const References = section(
  {
    branch: Pattern.optional().describe('Name of a branch, or `/regular expression/`.'),
    tag: Pattern.optional().describe('Name of a tag, or `/regular expression/`.'),
    limit: Limit.optional().describe('Which of the matching references are looked at.'),
  },
  { rules: [exactlyOne('branch', 'tag')] },
);

const KeepPolicy = section({
  references: References.describe('References whose images are kept.'),
  imagesPerReference: Limit.optional()
    .describe('Which images of one reference are kept.')
    .meta({ defaultText: 'the last one' }),
});

const Cleanup = section({
  disable: Flag.default(false).describe('`cleanup` removes records only, no images.'),
  disableKubernetesBasedPolicy: Flag.default(false).describe(
    'Images that run in Kubernetes are not kept for that.',
  ),
  disableGitHistoryBasedPolicy: Flag.default(false).describe(
    'Images are not kept for their commits, and builds publish no records per commit.',
  ),
  disableBuiltWithinLastNHoursPolicy: Flag.default(false).describe('Images are not kept for being new.'),
  keepImagesBuiltWithinLastNHours: integer(0)
    .default(2)
    .describe('How new images must be to be kept, in hours.'),
  keepPolicies: z
    .array(KeepPolicy, { error: 'expected a list of policies' })
    .optional()
    .describe('Which images the git history keeps; a later policy replaces an earlier one.')
    .meta({ defaultText: 'built-in policies' }),
});

const ProjectImageSpec = section({
  author: Text.optional().describe('Author of the images.'),
  clearHistory: Flag.optional().describe('Drop the history of the configuration.'),
  config: section({
    labels: TextMap.optional().describe('Labels to add; `%image%` and `%project%` stand for names.'),
    removeLabels: PatternList.optional().describe('Labels to remove: names or `/regular expressions/`.'),
    keepEssentialWerfLabels: Flag.optional().describe('Do not warn that labels which cleanup needs stay.'),
    clearWerfLabels: Flag.optional().describe('Old spelling.').meta({ deprecated: true }),
  })
    .optional()
    .describe('Changes of the configuration.'),
});

const Build = section({
  cacheVersion: Text.optional().describe("Default of every image's `cacheVersion`."),
  platform: PlatformList.optional()
    .describe("Default of every image's `platform`.")
    .meta({ defaultText: 'platform of the host' }),
  staged: Flag.default(false).describe('Default of `staged` of Dockerfile images.'),
  imageSpec: ProjectImageSpec.optional().describe('What the configuration of all final images gets.'),
  sbom: Sbom.optional().describe('Default of `sbom` of final images.').meta({ defaultText: '`false`' }),
});

const GitWorktree = section({
  forceShallowClone: Flag.default(false).describe('Work in a shallow clone as it is.'),
  allowUnshallow: Flag.default(true).describe('A command that needs the history may fetch it.'),
  allowFetchOriginBranchesAndTags: Flag.default(true).describe(
    'Cleanup may fetch the branches and tags of `origin`.',
  ),
});

/** The document with `configVersion`. */
export const MetaSection = section({
  configVersion: Version.describe('Version of the format.'),
  project: textLike('a string', badProjectName, PROJECT_NAME).describe(
    'Name of the project, at most 50 characters; `WERF_PROJECT_NAME` replaces it.',
  ),
  build: Build.optional().describe('Defaults for all images.'),
  cleanup: Cleanup.optional().describe('What `cleanup` keeps.'),
  gitWorktree: GitWorktree.optional().describe('What may be done to the clone.'),
  deploy: z.unknown().optional().describe('Read by deployment tools, not by this one.'),
});
export type MetaSection = z.infer<typeof MetaSection>;
