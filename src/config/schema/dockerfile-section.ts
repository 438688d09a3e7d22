import { z } from 'zod';
import { DependencyTypeField, IMAGE_FIELDS, ImageField } from './image-fields.ts';
import { Flag, NonEmpty, Text, Texts } from './leaf.ts';
import { type Rule, section } from './section.ts';
import { TextMap } from './values.ts';

const BUILD_ARGUMENT_ONLY =
  'Dockerfile images have no such moment; the value is a build argument, known from the start';

const DockerfileDependency = section(
  {
    image: NonEmpty.describe('Name of an image of this file.'),
    imports: z
      .array(
        section(
          {
            type: DependencyTypeField,
            targetBuildArg: NonEmpty.describe('Build argument that gets the value.'),
          },
          { elsewhere: { targetEnv: 'in a Dockerfile image write `targetBuildArg`' } },
        ),
        { error: 'expected a list' },
      )
      .optional()
      .describe('Which facts of it are wanted.'),
  },
  { elsewhere: { before: BUILD_ARGUMENT_ONLY, after: BUILD_ARGUMENT_ONLY } },
);

const oneSpelling: Rule = ({ contextAddFiles, contextAddFile }) =>
  contextAddFiles === undefined || contextAddFile === undefined
    ? []
    : [
        {
          message: '`contextAddFile` is the old spelling of `contextAddFiles`: use one of them',
          path: ['contextAddFile'],
        },
      ];

/** A document with `dockerfile`. */
export const DockerfileSection = section(
  {
    image: ImageField,
    dockerfile: NonEmpty.describe('Path of the Dockerfile, relative to `context`.'),
    context: Text.optional()
      .describe('Directory that the build sees, relative to the project.')
      .meta({ defaultText: '`.`' }),
    contextAddFiles: Texts.optional().describe(
      'Files and directories taken from the disk, relative to `context`; a committed permission is needed.',
    ),
    contextAddFile: Texts.optional()
      .describe('Old spelling of `contextAddFiles`.')
      .meta({ deprecated: true }),
    target: Text.optional()
      .describe('Name or index of the stage to build.')
      .meta({ defaultText: 'the last stage' }),
    args: TextMap.optional().describe('Build arguments.'),
    addHost: Texts.optional().describe('Lines `host:ip` for `/etc/hosts` of build containers.'),
    ssh: Text.optional().describe('Old; the SSH agent is there for `RUN --mount=type=ssh` without it.'),
    staged: Flag.optional().describe('One stage per instruction.').meta({ defaultText: '`build.staged`' }),
    dependencies: z
      .array(DockerfileDependency, { error: 'expected a list of dependencies' })
      .optional()
      .describe('Images of this file whose names are passed as build arguments.'),
    ...IMAGE_FIELDS,
  },
  { rules: [oneSpelling], nullable: ['image'] },
);
export type DockerfileSection = z.infer<typeof DockerfileSection>;
