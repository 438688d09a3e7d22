import { Text } from './leaf.ts';
import { Masks } from './values.ts';

/** Fields of everything that puts files into an image. */
export const FILE_MAPPING_FIELDS = {
  owner: Text.optional().describe('Owner of the files in the image: a name or a number.'),
  group: Text.optional().describe('Group of the files in the image: a name or a number.'),
  includePaths: Masks.optional()
    .describe('Masks of what to take, relative to `add`.')
    .meta({ defaultText: 'everything' }),
  excludePaths: Masks.optional().describe('Masks of what to leave out, relative to `add`.'),
};
