import { z } from 'zod';
import { Flag, integer, Text, TextList, TextMap } from './scalars.ts';

const DURATION = /^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h|d|w))+$/;
const Duration = Text.refine((text) => DURATION.test(text), {
  error: 'expected a duration such as 36h, 7d or 2w',
});
const Limit = z.strictObject({
  last: integer(-1).optional(),
  in: Duration.optional(),
  operator: z.enum(['And', 'Or'], { error: 'expected And or Or' }).optional(),
});

const References = z
  .strictObject({ branch: Text.optional(), tag: Text.optional(), limit: Limit.optional() })
  .refine(({ branch, tag }) => (branch === undefined) !== (tag === undefined), {
    error: 'expected exactly one of `branch` and `tag`',
  });

const Cleanup = z.strictObject({
  disable: Flag.optional(),
  disableKubernetesBasedPolicy: Flag.optional(),
  disableGitHistoryBasedPolicy: Flag.optional(),
  disableBuiltWithinLastNHoursPolicy: Flag.optional(),
  keepImagesBuiltWithinLastNHours: integer(0).optional(),
  keepPolicies: z
    .array(z.strictObject({ references: References, imagesPerReference: Limit.optional() }))
    .optional(),
});

const ProjectImageSpec = z.strictObject({
  author: Text.optional(),
  clearHistory: Flag.optional(),
  config: z
    .strictObject({
      labels: TextMap.optional(),
      removeLabels: TextList.optional(),
      keepEssentialWerfLabels: Flag.optional(),
      clearWerfLabels: Flag.optional(),
    })
    .optional(),
});

/** The document with `configVersion`. */
export const MetaDocument = z.strictObject({
  configVersion: z.enum(['1', '1.0'], { error: 'expected 1, the only version there is' }),
  project: Text.max(50, { error: 'at most 50 characters' }).regex(
    /^(?:[a-z0-9]|[a-z0-9][a-z0-9-]*[a-z0-9])$/,
    {
      error: 'a project name holds lower-case letters, digits and `-`, with a letter or digit at both ends',
    },
  ),
  build: z
    .strictObject({
      cacheVersion: Text.optional(),
      platform: TextList.optional(),
      staged: Flag.optional(),
      imageSpec: ProjectImageSpec.optional(),
    })
    .optional(),
  cleanup: Cleanup.optional(),
  gitWorktree: z
    .strictObject({
      forceShallowClone: Flag.optional(),
      allowUnshallow: Flag.optional(),
      allowFetchOriginBranchesAndTags: Flag.optional(),
    })
    .optional(),
  deploy: z.unknown().optional(),
});
export type MetaDocument = z.infer<typeof MetaDocument>;
