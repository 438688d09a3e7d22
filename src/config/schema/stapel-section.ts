import { z } from 'zod';
import { DockerInstructionsSection } from './docker-section.ts';
import { GitSection } from './git-section.ts';
import { DependencyTypeField, IMAGE_FIELDS, ImageField, ImageNames } from './image-fields.ts';
import { ImportSection, MOMENT_FIELDS } from './import-section.ts';
import { AnsibleSection, ShellSection } from './instructions-section.ts';
import { choice, Flag, NonEmpty, Text } from './leaf.ts';
import { atMostOne, exactlyOne, quoted, type Rule, section } from './section.ts';
import { AbsolutePath } from './values.ts';

const StapelDependency = section(
  {
    image: NonEmpty.describe('Name of an image of this file.'),
    ...MOMENT_FIELDS,
    imports: z
      .array(
        section(
          { type: DependencyTypeField, targetEnv: NonEmpty.describe('Variable that gets the value.') },
          { elsewhere: { targetBuildArg: 'in a Stapel image write `targetEnv`' } },
        ),
        { error: 'expected a list' },
      )
      .optional()
      .describe('Which facts of it are wanted.'),
  },
  { rules: [exactlyOne('before', 'after')] },
);

const MountSection = section(
  {
    to: AbsolutePath.describe('Path in build containers.'),
    from: choice(['tmp_dir', 'build_dir'])
      .optional()
      .describe(
        '`tmp_dir`: an empty directory; `build_dir`: one that is kept for all images, for which a committed permission is needed.',
      ),
    fromPath: NonEmpty.optional().describe('Path of the host; a committed permission is needed.'),
  },
  { rules: [exactlyOne('from', 'fromPath')] },
);

const base: Rule = ({ from, fromImage, fromArtifact }) =>
  from === undefined && fromImage === undefined && fromArtifact === undefined
    ? [
        {
          message: '`from` is required',
          hint: 'what does the image start from? Write `from: scratch` for nothing',
        },
      ]
    : [];

const oneKind: Rule = ({ image, artifact }) => {
  if (image === undefined && artifact === undefined) return [{ message: 'the image has no name' }];
  if (image === undefined || artifact === undefined) return [];
  return [{ message: '`image` and `artifact` in one document: it is one or the other', path: ['artifact'] }];
};

const artifactLimits: Rule = (fields) => {
  const given = ['docker', 'dependencies', 'final', 'disableGitAfterPatch'].filter(
    (name) => fields[name] !== undefined,
  );
  if (fields['artifact'] === undefined || given.length === 0) return [];
  const message = `${quoted(given)} cannot stand beside \`artifact\``;
  return [
    { message, path: [given[0] ?? ''], hint: 'write `image` with `final: false` instead of `artifact`' },
  ];
};

const DOCKERFILE_ONLY = 'is for images with `dockerfile`';

/** A document with `image` or `artifact`, and without `dockerfile`. */
export const StapelSection = section(
  {
    image: ImageField.optional().meta({ required: true }),
    artifact: ImageNames.optional()
      .describe('Old form of `image` with `final: false`.')
      .meta({ deprecated: true }),
    from: NonEmpty.optional()
      .describe('Image of this file, a reference, or `scratch`.')
      .meta({ required: true }),
    fromImage: NonEmpty.optional().describe('Old spelling of `from`.').meta({ deprecated: true }),
    fromArtifact: NonEmpty.optional().describe('Old spelling of `from`.').meta({ deprecated: true }),
    fromLatest: Flag.default(false).describe(
      'Rebuild when the tag of the base moves; a committed permission is needed.',
    ),
    fromCacheVersion: Text.optional().describe('Any text; another one rebuilds the image.'),
    disableGitAfterPatch: Flag.optional()
      .describe('Leave files of git as they were when they were first added.')
      .meta({ defaultText: '`false`' }),
    git: z.array(GitSection, { error: 'expected a list of mappings' }).optional().describe('Files of git.'),
    shell: ShellSection.optional().describe('Commands of the user stages.'),
    ansible: AnsibleSection.optional().describe('Ansible tasks of the user stages.'),
    import: z
      .array(ImportSection, { error: 'expected a list of imports' })
      .optional()
      .describe('Files of other images.'),
    dependencies: z
      .array(StapelDependency, { error: 'expected a list of dependencies' })
      .optional()
      .describe('Images of this file whose names are set as variables.'),
    mount: z
      .array(MountSection, { error: 'expected a list of mounts' })
      .optional()
      .describe('Directories of the host.'),
    docker: DockerInstructionsSection.optional()
      .describe('Old form of `imageSpec`.')
      .meta({ deprecated: true }),
    ...IMAGE_FIELDS,
  },
  {
    nullable: ['image'],
    elsewhere: { addHost: DOCKERFILE_ONLY, ssh: DOCKERFILE_ONLY, staged: DOCKERFILE_ONLY },
    rules: [
      oneKind,
      base,
      artifactLimits,
      atMostOne('fromImage', 'fromArtifact'),
      atMostOne('shell', 'ansible'),
      atMostOne('docker', 'imageSpec'),
    ],
  },
);
export type StapelSection = z.infer<typeof StapelSection>;
