import { stageImage } from '../commands/stage-image.ts';
import { sessionCommand } from './command.ts';
import { hostFlags } from './host-flags.ts';
import { logFlags } from './log-flags.ts';
import { projectFlags } from './project-flags.ts';
import { repositoryFlags } from './repository-flags.ts';
import { storageRolesOf } from './storage-roles.ts';

export const stageImageCommand = sessionCommand({
  name: 'stage image',
  summary: 'print the full name of an image that is built',
  positionals: { usage: '[IMAGE]', most: 1 },
  description: `Prints the name by which the last stage of one image of the commit can be pulled or run. \
That of an image of several platforms names them all. Nothing is built: what is not built yet is an error. IMAGE may be left out where the configuration has one image; \
~ is the image without a name.`,
  examples: [
    {
      line: 'podman run "$(slipway stage image app --repo registry.example.com/project)"',
      explains: 'runs the image "app" of this commit',
    },
  ],
  flags: { ...repositoryFlags, ...projectFlags, ...hostFlags, ...logFlags },
  output: 'data',
  async run({ flags, positionals: [image = null] }, session) {
    const storage = storageRolesOf(flags);
    const name = await stageImage({ image, storage, platforms: flags.platform }, session);
    return `${name}\n`;
  },
});
