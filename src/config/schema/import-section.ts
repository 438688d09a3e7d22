import type { z } from 'zod';
import { USER_STAGES } from '../stapel-parts.ts';
import { FILE_MAPPING_FIELDS } from './file-mapping-fields.ts';
import { choice, NonEmpty } from './leaf.ts';
import { exactlyOne, type Rule, section } from './section.ts';
import { AbsolutePath } from './values.ts';

/** When something happens: before or after a user stage. */
export const MOMENT_FIELDS = {
  before: choice(['install', 'setup']).optional().describe('Before this user stage.'),
  after: choice(['install', 'setup']).optional().describe('After this user stage.'),
};

const rootNeedsMasks: Rule = ({ add, includePaths }) =>
  typeof add === 'string' && /^\/+$/.test(add) && includePaths === undefined
    ? [{ message: '`add: /` needs `includePaths`', path: ['add'] }]
    : [];

/** An entry of `import`. */
export const ImportSection = section(
  {
    from: NonEmpty.optional()
      .describe('Image of this file, or a reference with a tag or a digest.')
      .meta({ required: true }),
    image: NonEmpty.optional().describe('Old spelling of `from`.').meta({ deprecated: true }),
    artifact: NonEmpty.optional().describe('Old spelling of `from`.').meta({ deprecated: true }),
    stage: choice(USER_STAGES)
      .optional()
      .describe('Take the files as they are after this stage of the source.')
      .meta({ defaultText: 'the last stage' }),
    ...MOMENT_FIELDS,
    add: AbsolutePath.describe('Path in the source.'),
    to: AbsolutePath.optional().describe('Path in the image.').meta({ defaultText: '`add`' }),
    ...FILE_MAPPING_FIELDS,
  },
  { rules: [exactlyOne('from', 'image', 'artifact'), exactlyOne('before', 'after'), rootNeedsMasks] },
);
export type ImportSection = z.infer<typeof ImportSection>;
