import { addManagedImage, listManagedImages, removeManagedImage } from '../commands/managed-images.ts';
import { UserError } from '../diagnostics/user-error.ts';
import { sessionCommand } from './command.ts';
import { hostFlags } from './host-flags.ts';
import { kubernetesFlags } from './kubernetes-flags.ts';
import { logFlags } from './log-flags.ts';
import { projectFlags } from './project-flags.ts';
import { repositoryFlags } from './repository-flags.ts';
import { storageRolesOf } from './storage-roles.ts';

const flags = { ...repositoryFlags, ...projectFlags, ...hostFlags, ...kubernetesFlags, ...logFlags } as const;

const ABOUT = `The repository records the name of every image that was built. Cleanup looks at the history of these images, \
beside those of werf.yaml: so one that has left werf.yaml stays as long as its commits are wanted.`;

const REPO = '--repo registry.example.com/project';

export const managedImagesLsCommand = sessionCommand({
  name: 'managed-images ls',
  summary: 'print the names of images that the repository knows',
  positionals: { usage: '', most: 0 },
  description: `Prints one name per line; ~ is the image without a name. ${ABOUT}`,
  examples: [{ line: `slipway managed-images ls ${REPO}`, explains: 'prints what is recorded there' }],
  flags,
  output: 'data',
  async run({ flags: given }, session) {
    const names = await listManagedImages(storageRolesOf(given).primary, session);
    return names.map((name) => `${name}\n`).join('');
  },
});

export const managedImagesAddCommand = sessionCommand({
  name: 'managed-images add',
  summary: 'record the name of an image in the repository',
  positionals: { usage: 'NAME', most: 1 },
  description: `Records a name; one that is recorded stays as it is. ~ is the image without a name. ${ABOUT}`,
  examples: [
    {
      line: `slipway managed-images add old-backend ${REPO}`,
      explains: 'lets cleanup look at this image again',
    },
  ],
  flags,
  output: 'log',
  async run({ flags: given, positionals }, session) {
    const name = required(positionals, 'add');
    const added = await addManagedImage(name, storageRolesOf(given).primary, session);
    const line = added ? `Image "${name}" is recorded` : `Image "${name}" was recorded already`;
    session.progress.emit({ kind: 'line', line });
    return '';
  },
});

export const managedImagesRmCommand = sessionCommand({
  name: 'managed-images rm',
  summary: 'remove the name of an image from the repository',
  positionals: { usage: 'NAME', most: 1 },
  description: `Removes the record of a name, no stage. The next cleanup removes what only this image needed, unless werf.yaml \
has it; the next build of it records it again. ~ is the image without a name. ${ABOUT}`,
  examples: [
    { line: `slipway managed-images rm old-backend ${REPO}`, explains: 'lets cleanup forget this image' },
  ],
  flags,
  output: 'log',
  async run({ flags: given, positionals }, session) {
    const name = required(positionals, 'rm');
    await removeManagedImage(name, storageRolesOf(given).primary, session);
    session.progress.emit({ kind: 'line', line: `Image "${name}" is not recorded any more` });
    return '';
  },
});

function required([name = '']: readonly string[], verb: string): string {
  if (name !== '') return name;
  throw new UserError('CLI_NO_ARGUMENT', `managed-images ${verb} needs the NAME of an image`, {
    hint: `such as: slipway managed-images ${verb} app ${REPO}`,
  });
}
