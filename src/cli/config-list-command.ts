import { configList } from '../commands/config-list.ts';
import { sessionCommand } from './command.ts';
import { toggle } from './flag.ts';
import { hostFlags } from './host-flags.ts';
import { logFlags } from './log-flags.ts';
import { projectFlags } from './project-flags.ts';

const section = 'command';

export const configListCommand = sessionCommand({
  name: 'config list',
  summary: 'print the names of the images',
  positionals: { usage: '', most: 0 },
  description:
    'Prints the names of all images of the configuration, one per line; ~ is the image without a name.',
  examples: [{ line: 'slipway config list --final-images-only', explains: 'leaves out intermediate images' }],
  flags: {
    finalImagesOnly: toggle('final-images-only', {
      section,
      env: ['WERF_FINAL_IMAGES_ONLY'],
      summary: 'print only final images',
    }),
    imagesOnly: toggle('images-only', {
      section,
      summary: 'older name of --final-images-only',
      hidden: true,
    }),
    ...projectFlags,
    ...hostFlags,
    ...logFlags,
  },
  output: 'data',
  async run({ flags }, session) {
    const names = await configList({ finalImagesOnly: flags.finalImagesOnly || flags.imagesOnly }, session);
    return names.map((name) => `${name}\n`).join('');
  },
});
